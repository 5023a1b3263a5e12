# The ABA case: an entry is replaced, and the very same one comes back. The completion of its first
# write says nothing of the second one.
# Source: etcd topic "overlapping asynchronous appends"; reference 2.2 "total order of writes".
group 3 end=faulty
disk n1 slow
inject n2->n1 append_request term=1 sequence=1 entries=1@1,2@1
deliver n2->n1 append_request
  n1 <- n2 append_request
  n1: follower of term 1 under n2 (newer term)
  n1: stores term 1 vote none
  n1: stores 1-2@1
  n1 -> n2 append_response term=1 sequence=1 accepted match=2 (when stored)
inject n3->n1 append_request term=2 sequence=1 entries=1@2
deliver n3->n1 append_request
  n1 <- n3 append_request
  n1: follower of term 2 under n3 (newer term)
  n1: truncates to 0
  n1: stores term 2 vote none
  n1: stores 1@2
  n1 -> n3 append_response term=2 sequence=1 accepted match=1 (when stored)
expect log n1 = 1@2
# The leader of term 3 has the first log again.
inject n2->n1 append_request term=3 sequence=1 entries=1@1,2@1
deliver n2->n1 append_request
  n1 <- n2 append_request
  n1: follower of term 3 under n2 (newer term)
  n1: truncates to 0
  n1: stores term 3 vote none
  n1: stores 1-2@1
  n1 -> n2 append_response term=3 sequence=1 accepted match=2 (when stored)
expect log n1 = 1-2@1
store n1
  n1: stored, 2 left
expect n1 durable=0
crash n1
restart n1
  n1: follower term=1 vote=none leader=none last=2@1 durable=2 commit=0
expect log n1 = 1-2@1
