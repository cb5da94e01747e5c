"""Numbers in, drawings out. A chart is two functions: table to data, data to drawing."""
