# An append begins below the end of the follower's log: what is there stays, what is missing is added,
# and only that is written. With a conflict in the middle the log is cut there and no earlier.
# Source: Raft §5.3; CCF topic "append whose range overlaps"; catalogue R04, D03.
group 3 end=faulty
boot n2 term=2 log=1-3@1
inject n1->n2 append_request term=2 previous=1@1 sequence=1 entries=2-3@1,4-5@2
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2: follower of term 2 under n1 (leader heard)
  n2: stores 4-5@2
  n2 -> n1 append_response term=2 sequence=1 accepted match=5 previous=1 (when stored)
expect log n2 = 1-3@1,4-5@2
store n2
  n2: stored, 0 left
inject n1->n2 append_request term=3 previous=1@1 sequence=1 entries=2-3@1,4@2,5-6@3
deliver n1->n2 append_request
  n2 <- n1 append_request
  n2: follower of term 3 under n1 (newer term)
  n2: truncates to 4
  n2: stores term 3 vote none
  n2: stores 5-6@3
  n2 -> n1 append_response term=3 sequence=1 accepted match=6 previous=1 (when stored)
expect log n2 = 1-3@1,4@2,5-6@3
store n2
  n2: stored, 0 left
expect n2 durable=6 term=3
