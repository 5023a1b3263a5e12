# A change that was never committed is cut from the log of its leader, and the membership before it is
# in force again.
# Source: Raft §6; catalogue M03 (configuration in force on append, with history).
group 4 voters=3
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: commit 1
isolate n1
change n1 1,2,3,4
  n1: stores 2@1
  n1: members 1,2,3,4
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
propose n1
  n1: stores 3@1
  n1 -> n2 append_request term=1 previous=2@1 commit=1 sequence=6 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=1 sequence=7 entries=3@1
expect members n1 = 1,2,3,4
run 1s
  n1: follower of term 1 (quorum lost)
  n2: pre_candidate of term 1 (election timeout)
  n2: candidate of term 2 (pre-vote won)
  n3: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n3: follower of term 2 under n2 (leader heard)
  n2: commit 2
  n3: commit 2
  n1: pre_candidate of term 1 (election timeout)
expect leader=2
expect members n2 = 1,2,3
heal
run 300ms
  n1: follower of term 2 under n2 (newer term)
  n1: truncates to 1
  n1: commit 2
expect members n1 = 1,2,3
expect log n1 = n2 = n3
