"""What a study is told: the parts of a config file, and how they may be spelled."""
