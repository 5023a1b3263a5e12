# A node without any membership votes for nobody and never campaigns, until a leader tells it.
# Source: CCF topic "blank node without configuration"; thesis §4.4.
group 4 voters=3 incarnations=1
run 2s
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: members 1,2,3
  n1: commit 1
  n2: members 1,2,3
  n2: commit 1
  n3: members 1,2,3
  n3: commit 1
  n1: commit 2
  n2: commit 2
  n3: commit 2
expect leader=1 term=1
expect n4 term=0 role=follower vote=none
inject n2->n4 vote_request term=7 last=1@1
deliver n2->n4 vote_request
  n4 <- n2 vote_request
expect n4 vote=none
expect messages n4->n2 vote_response = 0
learn n1 n4
  n1: stores 3@1
  n1: members 1,2,3+4
  n1 -> n2 append_request term=1 previous=2@1 commit=2 sequence=5 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=2 sequence=6 entries=3@1
  n1 -> n4 append_request term=1 previous=2@1 commit=2 sequence=7 entries=3@1
run 100ms
  n2: members 1,2,3+4
  n3: members 1,2,3+4
  n4: follower of term 1 under n1 (newer term)
  n4: members 1,2,3
  n4: members 1,2,3+4
  n4: commit 2
  n1: members 1,2,3+4
  n1: commit 3
  n2: members 1,2,3+4
  n2: commit 3
  n3: members 1,2,3+4
  n3: commit 3
  n1: commit 4
  n4: members 1,2,3+4
  n4: commit 4
  n2: commit 4
  n3: commit 4
expect log n1 = n4
