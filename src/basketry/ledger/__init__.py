"""What is published: the folder of an index, and the record in which each line carries the hash of the one before."""
