// One line per fault.
export {}
