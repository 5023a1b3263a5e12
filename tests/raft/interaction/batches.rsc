# A burst that is larger than a message leaves in several, limited in entries and in bytes; an entry
# that is larger than the limit leaves alone.
# Source: CCF topic "burst whose size crosses the message limit"; reference row 15.
group 3 batch=4 batch_bytes=1000
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n1: commit 1
propose n1 10
  n1: stores 2-11@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=3 entries=2-5@1
  n1 -> n2 append_request term=1 previous=5@1 commit=1 sequence=4 entries=6-9@1
  n1 -> n2 append_request term=1 previous=9@1 commit=1 sequence=5 entries=10-11@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2-5@1
  n1 -> n3 append_request term=1 previous=5@1 commit=1 sequence=7 entries=6-9@1
  n1 -> n3 append_request term=1 previous=9@1 commit=1 sequence=8 entries=10-11@1
expect messages n1->n2 append_request = 3
settle quietly
  n2: commit 1
  n3: commit 1
  n1: commit 5
  n1: commit 9
  n1: commit 11
expect n1 commit=11
propose n1 bytes=3000
  n1: stores 12@1
  n1 -> n2 append_request term=1 previous=11@1 commit=11 sequence=9 entries=12@1
  n1 -> n3 append_request term=1 previous=11@1 commit=11 sequence=10 entries=12@1
propose n1 3 bytes=400
  n1: stores 13-15@1
  n1 -> n2 append_request term=1 previous=12@1 commit=11 sequence=11 entries=13-14@1
  n1 -> n2 append_request term=1 previous=14@1 commit=11 sequence=12 entries=15@1
  n1 -> n3 append_request term=1 previous=12@1 commit=11 sequence=13 entries=13-14@1
  n1 -> n3 append_request term=1 previous=14@1 commit=11 sequence=14 entries=15@1
settle
  n2 <- n1 append_request
  n2: stores 12@1
  n2 -> n1 append_response term=1 sequence=9 accepted match=12 previous=11 (when stored)
  n2: commit 11
  n3 <- n1 append_request
  n3: stores 12@1
  n3 -> n1 append_response term=1 sequence=10 accepted match=12 previous=11 (when stored)
  n3: commit 11
  n2 <- n1 append_request
  n2: stores 13-14@1
  n2 -> n1 append_response term=1 sequence=11 accepted match=14 previous=12 (when stored)
  n2 <- n1 append_request
  n2: stores 15@1
  n2 -> n1 append_response term=1 sequence=12 accepted match=15 previous=14 (when stored)
  n3 <- n1 append_request
  n3: stores 13-14@1
  n3 -> n1 append_response term=1 sequence=13 accepted match=14 previous=12 (when stored)
  n3 <- n1 append_request
  n3: stores 15@1
  n3 -> n1 append_response term=1 sequence=14 accepted match=15 previous=14 (when stored)
  n1 <- n2 append_response
  n1: commit 12
  n1 <- n3 append_response
  n1 <- n2 append_response
  n1: commit 14
  n1 <- n3 append_response
  n1 <- n2 append_response
  n1: commit 15
  n1 <- n3 append_response
expect n1 commit=15
expect log n1 = n2 = n3
