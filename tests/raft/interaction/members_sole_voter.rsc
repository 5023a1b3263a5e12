# A group of one grows to a group of two, and back to the other one.
# Source: CCF topics "{0} to {0,1}", "sole member replaced by another".
group 2 voters=1
wait n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n1: stores term 1 vote n1
settle quietly
  n1: leader of term 1 (elected)
  n1: commit 1
expect n1 role=leader
change n1 1,2
  n1: stores 2@1
  n1: members 1,2
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=1 entries=2@1
run 100ms
  n2: follower of term 1 under n1 (newer term)
  n2: members 1,2
  n2: commit 1
  n1: commit 2
  n2: commit 2
expect log n1 = n2
change n1 2
  n1: stores 3@1
  n1: members 2
  n1 -> n2 append_request term=1 previous=2@1 commit=2 sequence=3 entries=3@1
run 1s
  n2: members 2
  n1: commit 3
  n2: candidate of term 2 (asked to take over)
  n2: leader of term 2 (elected)
  n2: commit 4
  n1: follower of term 2 (newer term)
expect leader=2
expect members n2 = 2
expect n1 role=follower
propose n2
  n2: stores 5@2
run 500ms
  n2: commit 5
expect n2 role=leader
expect commit n2 >= 5
