"""From recorded replies to scores and estimates."""
