/**
 * The header of `/run` and `/stream` that takes parameters as a query string does, and writes them on no span: an URL stands
 * in `url.query`. What it has is merged with the query.
 */
export const runParametersHeader = 'x-run-parameters'
