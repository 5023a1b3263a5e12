# Two logs that disagree over many terms, in turns, agree in about one round for each term of the
# shorter side and within one election timeout.
# Source: CCF topic "two logs with alternating terms"; catalogue R23.
group 3
boot n1 term=20 log=1@1,2-3@3,4-5@5,6-7@7,8-9@9,10-11@11,12-13@13,14@15
boot n2 term=20 log=1@1,2-3@2,4-5@4,6-7@6,8-9@8,10-11@10,12-13@12,14@14
boot n3 term=20
isolate n2
elect n1
  n1: pre_candidate of term 20 (election timeout)
  n1: candidate of term 21 (pre-vote won)
  n3: follower of term 21 (newer term)
  n1: leader of term 21 (elected)
  n3: follower of term 21 under n1 (leader heard)
  n1: commit 15
heal
pass n1 60ms
  n1 -> n2 heartbeat term=21 round=1
  n1 -> n3 heartbeat term=21 commit=15 round=1
settle
  n2 <- n1 heartbeat
  n2: follower of term 21 under n1 (newer term)
  n2: stores term 21 vote none
  n2 -> n1 heartbeat_response term=21 round=1
  n3 <- n1 heartbeat
  n3 -> n1 heartbeat_response term=21 round=1
  n3: commit 15
  n1 <- n2 heartbeat_response
  n1 -> n2 append_request term=21 previous=14@15 commit=15 sequence=4
  n1 <- n3 heartbeat_response
  n2 <- n1 append_request
  n2 -> n1 append_response term=21 sequence=4 previous=14 hint=14@14
  n1 <- n2 append_response
  n1 -> n2 append_request term=21 previous=13@13 commit=15 sequence=5 entries=14@15,15@21
  n2 <- n1 append_request
  n2 -> n1 append_response term=21 sequence=5 previous=13 hint=13@12
  n1 <- n2 append_response
  n1 -> n2 append_request term=21 previous=11@11 commit=15 sequence=6 entries=12-13@13,14@15,15@21
  n2 <- n1 append_request
  n2 -> n1 append_response term=21 sequence=6 previous=11 hint=11@10
  n1 <- n2 append_response
  n1 -> n2 append_request term=21 previous=9@9 commit=15 sequence=7 entries=10-11@11,12-13@13,14@15,15@21
  n2 <- n1 append_request
  n2 -> n1 append_response term=21 sequence=7 previous=9 hint=9@8
  n1 <- n2 append_response
  n1 -> n2 append_request term=21 previous=7@7 commit=15 sequence=8 entries=8-9@9,10-11@11,12-13@13,14@15,15@21
  n2 <- n1 append_request
  n2 -> n1 append_response term=21 sequence=8 previous=7 hint=7@6
  n1 <- n2 append_response
  n1 -> n2 append_request term=21 previous=5@5 commit=15 sequence=9 entries=6-7@7,8-9@9,10-11@11,12-13@13,14@15,15@21
  n2 <- n1 append_request
  n2 -> n1 append_response term=21 sequence=9 previous=5 hint=5@4
  n1 <- n2 append_response
  n1 -> n2 append_request term=21 previous=3@3 commit=15 sequence=10 entries=4-5@5,6-7@7,8-9@9,10-11@11,12-13@13,14@15,15@21
  n2 <- n1 append_request
  n2 -> n1 append_response term=21 sequence=10 previous=3 hint=3@2
  n1 <- n2 append_response
  n1 -> n2 append_request term=21 previous=1@1 commit=15 sequence=11 entries=2-3@3,4-5@5,6-7@7,8-9@9,10-11@11,12-13@13,14@15,15@21
  n2 <- n1 append_request
  n2: truncates to 1
  n2: stores 2-3@3,4-5@5,6-7@7,8-9@9,10-11@11,12-13@13,14@15,15@21
  n2 -> n1 append_response term=21 sequence=11 accepted match=15 previous=1 (when stored)
  n2: commit 15
  n1 <- n2 append_response
expect log n1 = n2
expect n1->n2 match=15 state=replicate
