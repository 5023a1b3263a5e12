# A learner to be promoted becomes a voter by itself as soon as a round of catching up took less than
# an election timeout; one that does not answer never does.
# Source: thesis §4.2.1; catalogue row 7.
group 5 voters=3
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: commit 1
propose n1 5
  n1: stores 2-6@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-6@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2-6@1
run 100ms
  n2: commit 1
  n3: commit 1
  n1: commit 6
  n2: commit 6
  n3: commit 6
isolate n5
learn n1 n4 promote
  n1: stores 7@1
  n1: members 1,2,3+4p
  n1 -> n2 append_request term=1 previous=6@1 commit=6 sequence=5 entries=7@1
  n1 -> n3 append_request term=1 previous=6@1 commit=6 sequence=6 entries=7@1
  n1 -> n4 append_request term=1 previous=6@1 commit=6 sequence=7 entries=7@1
expect members n1 = 1,2,3+4p
run 200ms
  n2: members 1,2,3+4p
  n3: members 1,2,3+4p
  n4: follower of term 1 under n1 (newer term)
  n4: members 1,2,3+4p
  n4: commit 6
  n1: commit 7
  n1: members 1,2,3,4
  n2: members 1,2,3,4
  n2: commit 7
  n3: members 1,2,3,4
  n3: commit 7
  n4: members 1,2,3,4
  n4: commit 7
  n1: commit 8
  n2: commit 8
  n3: commit 8
  n4: commit 8
expect members n1 = 1,2,3,4
expect log n1 = n4
learn n1 n5 promote
  n1: stores 9@1
  n1: members 1,2,3,4+5p
  n1 -> n2 append_request term=1 previous=8@1 commit=8 sequence=12 entries=9@1
  n1 -> n3 append_request term=1 previous=8@1 commit=8 sequence=13 entries=9@1
  n1 -> n4 append_request term=1 previous=8@1 commit=8 sequence=14 entries=9@1
  n1 -> n5 append_request term=1 previous=8@1 commit=8 sequence=15 entries=9@1
run 1s
  n2: members 1,2,3,4+5p
  n3: members 1,2,3,4+5p
  n4: members 1,2,3,4+5p
  n1: commit 9
  n2: commit 9
  n3: commit 9
  n4: commit 9
expect members n1 = 1,2,3,4+5p
heal
run 300ms
  n5: follower of term 1 under n1 (newer term)
  n5: members 1,2,3+4p
  n5: members 1,2,3,4
  n5: members 1,2,3,4+5p
  n5: commit 9
  n1: members 1,2,3,4,5
  n2: members 1,2,3,4,5
  n3: members 1,2,3,4,5
  n4: members 1,2,3,4,5
  n5: members 1,2,3,4,5
  n1: commit 10
  n2: commit 10
  n3: commit 10
  n4: commit 10
  n5: commit 10
expect members n1 = 1,2,3,4,5
