# A rejection from the term in which n1 led before arrives when it leads again. It speaks of a log
# that is no more, and the leader does not believe that the follower is short.
# Source: CCF topic "stale rejection of an older term"; catalogue R04.
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
isolate n2
propose n1 2
  n1: stores 2-3@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-3@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2-3@1
settle quietly
  n3: commit 1
  n1: commit 3
propose n1
  n1: stores 4@1
  n1 -> n2 append_request term=1 previous=3@1 commit=3 sequence=5 entries=4@1
  n1 -> n3 append_request term=1 previous=3@1 commit=3 sequence=6 entries=4@1
drop *->n2
  n1 -> n2 append_request, dropped
heal
propose n1
  n1: stores 5@1
  n1 -> n2 append_request term=1 previous=4@1 commit=3 sequence=7 entries=5@1
  n1 -> n3 append_request term=1 previous=4@1 commit=3 sequence=8 entries=5@1
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2 -> n1 append_response term=1 sequence=7 previous=4 hint=1@1
expect messages n2->n1 append_response = 1
hold n2->n1 append_response
  n2 -> n1 append_response, held
settle quietly
  n3: commit 3
  n1: commit 4
  n1: commit 5
run 200ms
  n2: commit 1
  n3: commit 5
  n2: commit 5
expect log n1 = n2 = n3

# It also comes again within the term, when n2 has long caught up.
inject n2->n1 append_response term=1 sequence=7 previous=4 hint=1@1
settle
  n1 <- n2 append_response
expect n1->n2 match=5 next=6 state=replicate

elect n3
  n3: pre_candidate of term 1 (election timeout)
  n3: candidate of term 2 (pre-vote won)
  n2: follower of term 2 (newer term)
  n3: leader of term 2 (elected)
  n1: follower of term 2 under n3 (newer term)
  n2: follower of term 2 under n3 (leader heard)
  n3: commit 6
elect n1
  n1: pre_candidate of term 2 (election timeout)
  n1: candidate of term 3 (pre-vote won)
  n2: follower of term 3 (newer term)
  n1: leader of term 3 (elected)
  n2: follower of term 3 under n1 (leader heard)
  n3: follower of term 3 under n1 (newer term)
  n1: commit 7
expect leader=1 term=3
release
settle
  n1 <- n2 append_response
expect n1->n2 match=7 state=replicate
expect n2 last=7 commit>=5
