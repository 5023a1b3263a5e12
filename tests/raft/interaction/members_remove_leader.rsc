# The leader removes itself. Its own copy counts no more, it hands over to the best voter when the
# removal is committed, and never campaigns again.
# Source: thesis §4.2.2, §3.10; etcd topic "removal of the leader"; catalogue M07.
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
remove n1 n1
  n1: stores 2@1
  n1: members 2,3
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
expect members n1 = 2,3
store n1
  n1: stored, 0 left
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2: stores 2@1
  n2: members 2,3
  n2 -> n1 append_response term=1 sequence=3 accepted match=2 previous=1 (when stored)
  n2: commit 1
store n2
  n2: stored, 0 left
deliver n2->n1 append_response
  n1 <- n2 append_response
# n1 and n2 hold it: one of the two voters.
expect n1 commit=1
deliver n1->n3 append_request
  n3 <- n1 append_request
  n3: stores 2@1
  n3: members 2,3
  n3 -> n1 append_response term=1 sequence=4 accepted match=2 previous=1 (when stored)
  n3: commit 1
store n3
  n3: stored, 0 left
deliver n3->n1 append_response
  n1 <- n3 append_response
  n1 -> n2 timeout_now term=1
  n1: commit 2
expect n1 commit=2
settle
  n2 <- n1 timeout_now
  n2: candidate of term 2 (asked to take over)
  n2: stores term 2 vote n2
  n2 -> n3 vote_request term=2 last=2@1 transfer (when stored)
  n3 <- n2 vote_request
  n3: follower of term 2 (newer term)
  n3: stores term 2 vote n2
  n3 -> n2 vote_response term=2 granted (when stored)
  n2 <- n3 vote_response
  n2: leader of term 2 (elected)
  n2: stores 3@2
  n2 -> n3 append_request term=2 previous=2@1 commit=1 sequence=1 entries=3@2
  n3 <- n2 append_request
  n3: follower of term 2 under n2 (leader heard)
  n3: stores 3@2
  n3 -> n2 append_response term=2 sequence=1 accepted match=3 previous=2 (when stored)
  n2 <- n3 append_response
  n2: commit 3
expect leader=2 term=2
# Nobody tells n1, which hears no voter any more.
run 2s
  n3: commit 3
  n1: follower of term 2 (newer term)
expect n1 role=follower
expect term n1 <= n2
expect members n2 = 2,3
