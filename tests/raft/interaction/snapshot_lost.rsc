# A cut does not arrive. The leader offers it again, and the follower gets there in the end.
# Source: thesis §5.3; catalogue S17; reference row 27.
group 3
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: commit 1
isolate n3
propose n1 5
  n1: stores 2-6@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-6@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2-6@1
run 100ms
  n2: commit 1
  n1: commit 6
  n2: commit 6
snapshot n1
  n1: its log begins at 7
heal
lose n1->n3 snapshot_offer
run 300ms
  n3: commit 1
expect n3 last=1
heal
run 500ms
  n1: sends its cut at 6@1 to n3
  n3: starts from the cut at 6@1, members 1,2,3
  n3: commit 6
expect n3 commit=6
expect leader=1
