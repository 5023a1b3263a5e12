# Three of five nodes are gone: nothing is committed, nobody is elected, the term stays. With one of
# them back the group goes on.
# Source: Raft §5.2, §5.3; catalogue R21.
group 5
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n4: follower of term 1 (newer term)
  n5: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n4: follower of term 1 under n1 (leader heard)
  n5: follower of term 1 under n1 (leader heard)
  n1: commit 1
crash n3
crash n4
crash n5
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=7 entries=2@1
  n1 -> n5 append_request term=1 previous=1@1 commit=1 sequence=8 entries=2@1
run 200ms
  n2: commit 1
expect n1 commit=1
run 2s
  n1: follower of term 1 (quorum lost)
  n2: pre_candidate of term 1 (election timeout)
  n1: pre_candidate of term 1 (election timeout)
expect leader=none term=1
restart n4
  n4: follower term=1 vote=n1 leader=none last=1@1 durable=1 commit=0
run 1s
  n1: candidate of term 2 (pre-vote won)
  n2: follower of term 2 (newer term)
  n4: follower of term 2 (newer term)
  n1: leader of term 2 (elected)
  n2: follower of term 2 under n1 (leader heard)
  n4: follower of term 2 under n1 (leader heard)
  n4: commit 1
  n1: commit 3
  n2: commit 3
  n4: commit 3
expect leader=1 term=2
expect n1 commit=3
