# Leadership goes round while each former leader is cut off and keeps accepting writes. Their suffixes
# are dropped, and nothing that was committed is lost.
# Source: CCF topic "repeated re-elections with a partitioned ex-leader".
group 5
elect n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n2: follower of term 1 (newer term)
  n3: follower of term 1 (newer term)
  n4: follower of term 1 (newer term)
  n5: follower of term 1 (newer term)
  n1: leader of term 1 (elected)
  n2: follower of term 1 under n1 (leader heard)
  n3: follower of term 1 under n1 (leader heard)
  n4: follower of term 1 under n1 (leader heard)
  n5: follower of term 1 under n1 (leader heard)
  n1: commit 1
propose n1 2
  n1: stores 2-3@1
  n1 -> n2 append_request term=1 previous=1@1 commit=1 sequence=5 entries=2-3@1
  n1 -> n3 append_request term=1 previous=1@1 commit=1 sequence=6 entries=2-3@1
  n1 -> n4 append_request term=1 previous=1@1 commit=1 sequence=7 entries=2-3@1
  n1 -> n5 append_request term=1 previous=1@1 commit=1 sequence=8 entries=2-3@1
run 100ms
  n2: commit 1
  n3: commit 1
  n4: commit 1
  n5: commit 1
  n1: commit 3
  n2: commit 3
  n3: commit 3
  n4: commit 3
  n5: commit 3
isolate n1
propose n1 3
  n1: stores 4-6@1
  n1 -> n2 append_request term=1 previous=3@1 commit=3 sequence=9 entries=4-6@1
  n1 -> n3 append_request term=1 previous=3@1 commit=3 sequence=10 entries=4-6@1
  n1 -> n4 append_request term=1 previous=3@1 commit=3 sequence=11 entries=4-6@1
  n1 -> n5 append_request term=1 previous=3@1 commit=3 sequence=12 entries=4-6@1
run 1s
  n1: follower of term 1 (quorum lost)
  n2: pre_candidate of term 1 (election timeout)
  n2: candidate of term 2 (pre-vote won)
  n3: follower of term 2 (newer term)
  n4: follower of term 2 (newer term)
  n5: follower of term 2 (newer term)
  n2: leader of term 2 (elected)
  n3: follower of term 2 under n2 (leader heard)
  n4: follower of term 2 under n2 (leader heard)
  n5: follower of term 2 under n2 (leader heard)
  n2: commit 4
  n3: commit 4
  n4: commit 4
  n5: commit 4
  n1: pre_candidate of term 1 (election timeout)
expect leader=2
propose leader 2
  n2: stores 5-6@2
  n2 -> n3 append_request term=2 previous=4@2 commit=4 sequence=5 entries=5-6@2
  n2 -> n4 append_request term=2 previous=4@2 commit=4 sequence=6 entries=5-6@2
  n2 -> n5 append_request term=2 previous=4@2 commit=4 sequence=7 entries=5-6@2
run 100ms
  n2: commit 6
  n3: commit 6
  n4: commit 6
  n5: commit 6
expect committed=6

isolate n2
propose n2
  n2: stores 7@2
  n2 -> n3 append_request term=2 previous=6@2 commit=6 sequence=8 entries=7@2
  n2 -> n4 append_request term=2 previous=6@2 commit=6 sequence=9 entries=7@2
  n2 -> n5 append_request term=2 previous=6@2 commit=6 sequence=10 entries=7@2
run 1s
  n2: follower of term 2 (quorum lost)
  n3: pre_candidate of term 2 (election timeout)
  n3: candidate of term 3 (pre-vote won)
  n4: follower of term 3 (newer term)
  n5: follower of term 3 (newer term)
  n3: leader of term 3 (elected)
  n4: follower of term 3 under n3 (leader heard)
  n5: follower of term 3 under n3 (leader heard)
  n3: commit 7
  n4: commit 7
  n5: commit 7
  n2: pre_candidate of term 2 (election timeout)
expect leader=3
propose leader
  n3: stores 8@3
  n3 -> n4 append_request term=3 previous=7@3 commit=7 sequence=5 entries=8@3
  n3 -> n5 append_request term=3 previous=7@3 commit=7 sequence=6 entries=8@3
run 100ms
  n3: commit 8
  n4: commit 8
  n5: commit 8
expect committed=8
# Two of five are left: nobody leads, nothing is committed, nothing gets lost.
isolate n3
propose n3 2
  n3: stores 9-10@3
  n3 -> n4 append_request term=3 previous=8@3 commit=8 sequence=7 entries=9-10@3
  n3 -> n5 append_request term=3 previous=8@3 commit=8 sequence=8 entries=9-10@3
run 1s
  n3: follower of term 3 (quorum lost)
  n4: pre_candidate of term 3 (election timeout)
  n5: pre_candidate of term 3 (election timeout)
  n3: pre_candidate of term 3 (election timeout)
expect leader=none
expect committed=8

heal
run 2s
  n4: candidate of term 4 (pre-vote won)
  n1: follower of term 4 (newer term)
  n2: follower of term 4 (newer term)
  n3: follower of term 4 (newer term)
  n5: follower of term 4 (newer term)
  n4: leader of term 4 (elected)
  n1: follower of term 4 under n4 (leader heard)
  n2: follower of term 4 under n4 (leader heard)
  n3: follower of term 4 under n4 (leader heard)
  n3: truncates to 8
  n5: follower of term 4 under n4 (leader heard)
  n1: truncates to 3
  n1: commit 8
  n2: truncates to 6
  n2: commit 8
  n4: commit 9
  n1: commit 9
  n2: commit 9
  n3: commit 9
  n5: commit 9
expect leader=4 term=4
expect log n1 = n2 = n3 = n4 = n5
expect log n1 = 1-3@1,4-6@2,7-8@3,9@4
