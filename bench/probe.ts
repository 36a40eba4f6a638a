/**
 * Loaded before a process that is measured: tells its parent, whenever asked, what it has used so far, and ends with it.
 * CPU comes from the process itself, all threads included, so other load on the machine is not counted.
 */
process.on('message', () => process.send?.(process.resourceUsage()))
process.once('disconnect', () => process.exit())
