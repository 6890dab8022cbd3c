"""Many pictures: find them, paint each in turn or on several machines, and skip those that are done."""
