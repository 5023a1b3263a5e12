# The preferred node campaigns first though its timeout is not the shortest. When it is gone the
# others wait a bounded time longer, and a lone voter of low priority is never blocked.
# Source: catalogue V05 (eBay/NuRaft#661); reference row 33.
group 3 n3=2
run 500ms
  n3: pre_candidate of term 0 (election timeout)
  n3: candidate of term 1 (pre-vote won)
  n1: follower of term 1 (newer term)
  n2: follower of term 1 (newer term)
  n3: leader of term 1 (elected)
  n1: follower of term 1 under n3 (leader heard)
  n2: follower of term 1 under n3 (leader heard)
  n3: commit 1
  n1: commit 1
  n2: commit 1
expect leader=3 term=1
crash n3
run 700ms
  n1: pre_candidate of term 1 (election timeout)
  n1: candidate of term 2 (pre-vote won)
  n2: follower of term 2 (newer term)
  n1: leader of term 2 (elected)
  n2: follower of term 2 under n1 (leader heard)
  n1: commit 2
  n2: commit 2
expect leader=1 term=2
restart n3
  n3: follower term=1 vote=n3 leader=none last=1@1 durable=1 commit=0
crash n2
propose n1
  n1: stores 3@2
  n1 -> n2 append_request term=2 previous=2@2 commit=2 sequence=3 entries=3@2
run 200ms
  n3: follower of term 2 under n1 (newer term)
  n3: commit 1
  n3: commit 2
  n1: commit 3
  n3: commit 3
expect leader=1 term=2
expect log n1 = n3
