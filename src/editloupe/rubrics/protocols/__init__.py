"""The numbers that published benchmarks report over a whole study, one file per benchmark."""
