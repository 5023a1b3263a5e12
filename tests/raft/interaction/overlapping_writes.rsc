# A follower has three writes of one index under way: of term 1, its replacement of term 2, and that
# of term 3. The completion of an overwritten one makes nothing durable.
# Source: etcd topic "overlapping asynchronous appends across term changes"; catalogue D03.
group 3 end=faulty
disk n1 slow
inject n2->n1 append_request term=1 sequence=1 entries=1@1,2@1
deliver n2->n1 append_request
  n1 <- n2 append_request
  n1: follower of term 1 under n2 (newer term)
  n1: stores term 1 vote none
  n1: stores 1-2@1
  n1 -> n2 append_response term=1 sequence=1 accepted match=2 (when stored)
inject n3->n1 append_request term=2 previous=1@1 sequence=1 entries=2@2
deliver n3->n1 append_request
  n1 <- n3 append_request
  n1: follower of term 2 under n3 (newer term)
  n1: truncates to 1
  n1: stores term 2 vote none
  n1: stores 2@2
  n1 -> n3 append_response term=2 sequence=1 accepted match=2 previous=1 (when stored)
inject n2->n1 append_request term=3 previous=1@1 sequence=1 entries=2@3
deliver n2->n1 append_request
  n1 <- n2 append_request
  n1: follower of term 3 under n2 (newer term)
  n1: truncates to 1
  n1: stores term 3 vote none
  n1: stores 2@3
  n1 -> n2 append_response term=3 sequence=1 accepted match=2 previous=1 (when stored)
expect log n1 = 1@1,2@3
store n1
  n1: stored, 2 left
expect n1 durable=0
store n1
  n1: stored, 1 left
expect n1 durable=0
expect messages n1->n2 append_response = 1
store n1
  n1: stored, 0 left
expect n1 durable=2
expect messages n1->n2 append_response = 2
