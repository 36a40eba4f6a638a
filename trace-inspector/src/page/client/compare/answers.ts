import { html } from 'htm/preact'
import type { VNode } from 'preact'
import type { AnswerFigures } from 'findings/chart'
import { count, whole } from 'findings/format'

const mostShown = 12

/** What each call was answered, how much of how much there is, and what is wrong with it; those beside what is wrong where they are many. */
export function Answers({ observed: { answers } }: { observed: AnswerFigures }): VNode {
  const shown = answers.length > mostShown ? around(answers) : answers
  const most = shown.reduce((largest, { total }) => Math.max(largest, total ?? 0), 0) || 1
  return html`<figure class="chart">
    <figcaption>
      What tools answered with 200, in order
      <span class="dim">${shown.length} of ${count(answers.length, 'answer')}</span>
    </figcaption>
    <table class="bars">
      <thead>
        <tr>
          <th scope="col">Tool</th>
          <th scope="col"><span class="sr">Chart</span></th>
          <th scope="col" class="number">Has</th>
          <th scope="col" class="number">There are</th>
          <th scope="col">Wrong</th>
        </tr>
      </thead>
      <tbody>
        ${shown.map(
          ({ tool, count: items, total, flaw }) =>
            html`<tr>
              <th scope="row">${flaw && html`<b class="diamond">◆</b>`}${tool}</th>
              <td class="bar-cell">
                <span class="track">
                  <i
                    class=${`part ${flaw ? 'part-marked' : 'part-acting'}`}
                    style=${{ width: `${((items ?? 0) / most) * 100}%` }}
                  ></i
                  ><i
                    class="part part-idle"
                    style=${{ width: `${(Math.max(0, (total ?? 0) - (items ?? 0)) / most) * 100}%` }}
                  ></i>
                </span>
              </td>
              <td class="number">${items === null ? '–' : whole(items)}</td>
              <td class="number">${total === null ? '–' : whole(total)}</td>
              <td>${flaw ?? ''}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </figure>`
}

/** Those that are wrong, each with the one before it, as many as are shown. */
function around(answers: AnswerFigures['answers']): AnswerFigures['answers'] {
  const isNear = answers.map(({ flaw }, index) => flaw !== null || (answers[index + 1]?.flaw ?? null) !== null)
  const near = answers.filter((_, index) => isNear[index])
  return (near.length > 0 ? near : answers).slice(0, mostShown)
}
