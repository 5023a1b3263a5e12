# n2 and n3 do not reach each other, n1 reaches both and leads. The third side being cut disturbs
# nobody; when n1 is cut off from n3 as well, n3 alone does not disturb the other two.
# Source: reference topic "one-way partitions"; thesis §4.2.3.
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
cut n2 n3
run 1s
  n2: commit 1
  n3: commit 1
expect leader=1 term=1
propose n1
  n1: stores 2@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=4 entries=2@1
run 100ms
  n1: commit 2
  n2: commit 2
  n3: commit 2
expect n2 commit=2
expect n3 commit=2
cut n1->n3
run 2s
  n3: pre_candidate of term 1 (election timeout)
expect leader=1 term=1
propose n1
  n1: stores 3@1
  n1 -> n2 append_request term=1 previous=2@1 commit=2 sequence=5 entries=3@1
  n1 -> n3 append_request term=1 previous=2@1 commit=2 sequence=6 entries=3@1
run 100ms
  n1: commit 3
  n2: commit 3
expect n1 commit=3
heal
run 300ms
  n3: follower of term 1 under n1 (leader heard)
  n3: commit 3
expect log n1 = n2 = n3
