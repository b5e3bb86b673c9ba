// One line per entry.
export {}
