"""Sequences in, for runs that go over them a batch at a time: files of letters, regions, arrays."""
