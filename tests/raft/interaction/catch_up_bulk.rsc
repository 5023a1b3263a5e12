# What is in memory goes in batches of two; what must be read from the disk goes in one piece: one
# load, one request, one group.
# Source: reference row 15; the bulk path of Raft's README.
group 3 keep=0 batch=2 bulk=64
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
propose n1 30
  n1: stores 2-31@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-3@1
  n1 -> n2 append_request term=1 previous=3@1 commit=1 sequence=4 entries=4-5@1
  n1 -> n2 append_request term=1 previous=5@1 commit=1 sequence=5 entries=6-7@1
  n1 -> n2 append_request term=1 previous=7@1 commit=1 sequence=6 entries=8-9@1
  n1 -> n2 append_request term=1 previous=9@1 commit=1 sequence=7 entries=10-11@1
  n1 -> n2 append_request term=1 previous=11@1 commit=1 sequence=8 entries=12-13@1
  n1 -> n2 append_request term=1 previous=13@1 commit=1 sequence=9 entries=14-15@1
  n1 -> n2 append_request term=1 previous=15@1 commit=1 sequence=10 entries=16-17@1
  n1 -> n2 append_request term=1 previous=17@1 commit=1 sequence=11 entries=18-19@1
  n1 -> n2 append_request term=1 previous=19@1 commit=1 sequence=12 entries=20-21@1
  n1 -> n2 append_request term=1 previous=21@1 commit=1 sequence=13 entries=22-23@1
  n1 -> n2 append_request term=1 previous=23@1 commit=1 sequence=14 entries=24-25@1
  n1 -> n2 append_request term=1 previous=25@1 commit=1 sequence=15 entries=26-27@1
  n1 -> n2 append_request term=1 previous=27@1 commit=1 sequence=16 entries=28-29@1
  n1 -> n2 append_request term=1 previous=29@1 commit=1 sequence=17 entries=30-31@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=18 entries=2-3@1
  n1 -> n3 append_request term=1 previous=3@1 commit=1 sequence=19 entries=4-5@1
  n1 -> n3 append_request term=1 previous=5@1 commit=1 sequence=20 entries=6-7@1
  n1 -> n3 append_request term=1 previous=7@1 commit=1 sequence=21 entries=8-9@1
  n1 -> n3 append_request term=1 previous=9@1 commit=1 sequence=22 entries=10-11@1
  n1 -> n3 append_request term=1 previous=11@1 commit=1 sequence=23 entries=12-13@1
  n1 -> n3 append_request term=1 previous=13@1 commit=1 sequence=24 entries=14-15@1
  n1 -> n3 append_request term=1 previous=15@1 commit=1 sequence=25 entries=16-17@1
  n1 -> n3 append_request term=1 previous=17@1 commit=1 sequence=26 entries=18-19@1
  n1 -> n3 append_request term=1 previous=19@1 commit=1 sequence=27 entries=20-21@1
  n1 -> n3 append_request term=1 previous=21@1 commit=1 sequence=28 entries=22-23@1
  n1 -> n3 append_request term=1 previous=23@1 commit=1 sequence=29 entries=24-25@1
  n1 -> n3 append_request term=1 previous=25@1 commit=1 sequence=30 entries=26-27@1
  n1 -> n3 append_request term=1 previous=27@1 commit=1 sequence=31 entries=28-29@1
  n1 -> n3 append_request term=1 previous=29@1 commit=1 sequence=32 entries=30-31@1
run 100ms
  n2: commit 1
  n1: commit 3
  n1: commit 5
  n1: commit 7
  n1: commit 9
  n1: commit 11
  n1: commit 13
  n1: commit 15
  n1: commit 17
  n1: commit 19
  n1: commit 21
  n1: commit 23
  n1: commit 25
  n1: commit 27
  n1: commit 29
  n1: commit 31
  n2: commit 31
expect n1 commit=31
heal
run 200ms
  n3: commit 1
  n1: loads 2-31 for n3
  n3: commit 31
expect n1->n3 state=replicate match=31
expect log n1 = n2 = n3
