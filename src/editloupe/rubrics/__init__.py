"""What is asked about an edit, how replies are read, how scores combine; one YAML per rubric."""
