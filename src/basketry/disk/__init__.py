"""Files and folders of this machine: written whole and synced, and locked while one process writes."""
