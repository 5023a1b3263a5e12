# A request to campaign that arrives when the target has moved on to a later term is ignored, and so
# is one of somebody who is not its leader.
# Source: CCF topic "nomination delivered after the recipient moved to a later term".
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
transfer n1 n2
  n1 -> n2 timeout_now term=1
hold n1->n2 timeout_now
  n1 -> n2 timeout_now, held
expect n1 transfer=2
elect n3
  n3: pre_candidate of term 1 (election timeout)
  n3: candidate of term 2 (pre-vote won)
  n2: follower of term 2 (newer term)
  n3: leader of term 2 (elected)
  n1: follower of term 2 under n3 (newer term)
  n2: follower of term 2 under n3 (leader heard)
  n3: commit 2
expect leader=3 term=2
release
inject n1->n2 timeout_now term=2
settle
  n2 <- n1 timeout_now
  n2 <- n1 timeout_now
expect leader=3 term=2
expect n2 role=follower term=2 leader=3
