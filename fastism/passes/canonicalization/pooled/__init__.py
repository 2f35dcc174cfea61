"""Where a vector pooled from all positions meets every position: the meeting is put off.

Behind it every position is changed. What can be done to the positions in front of it is done
there, on windows.
"""
