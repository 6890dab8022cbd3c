"""What a result is worth: style distances by region, content distance, and what changed that was to stay."""
