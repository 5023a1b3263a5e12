# A learner gets the log, votes in no election, counts in no majority and never campaigns.
# Source: thesis §4.2.1; etcd topic "learners in elections"; catalogue M05.
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
learn n1 n4
  n1: stores 2@1
  n1: members 1,2,3+4
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
run 100ms
  n2: members 1,2,3+4
  n2: commit 1
  n3: members 1,2,3+4
  n3: commit 1
  n4: follower of term 1 under n1 (newer term)
  n4: members 1,2,3+4
  n4: commit 1
  n1: commit 2
  n2: commit 2
  n3: commit 2
  n4: commit 2
expect members n4 = 1,2,3+4
expect log n1 = n4
isolate n2
isolate n3
propose n1
  n1: stores 3@1
  n1 -> n2 append_request term=1 previous=2@1 commit=2 sequence=7 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=2 sequence=8 entries=3@1
  n1 -> n4 append_request term=1 previous=2@1 commit=2 sequence=9 entries=3@1
settle quietly
expect n1->n4 match=3
expect n1 commit=2
run 1s
  n1: follower of term 1 (quorum lost)
  n2: pre_candidate of term 1 (election timeout)
  n3: pre_candidate of term 1 (election timeout)
  n1: pre_candidate of term 1 (election timeout)
  n4: follower of term 1 (election timeout)
# n4 answers all the time, and that does not keep the leader in office.
expect leader=none
expect n4 role=follower
run 2s
expect n4 role=follower
