# A single voter elects itself, and even alone it commits only what is on its own disk.
# Source: Raft §5.2, §5.3; catalogue R07.
group 1
disk n1 slow

wait n1
  n1: pre_candidate of term 0 (election timeout)
  n1: candidate of term 1 (pre-vote won)
  n1: stores term 1 vote n1
# Its own vote counts when it is stored, not before.
expect n1 role=candidate term=1
store n1
  n1: stored, 0 left
  n1: leader of term 1 (elected)
  n1: stores 1@1
expect n1 role=leader commit=0
store n1
  n1: stored, 0 left
  n1: commit 1
expect n1 commit=1

propose n1 2
  n1: stores 2-3@1
expect n1 last=3 durable=1 commit=1
store n1
  n1: stored, 0 left
  n1: commit 3
expect n1 last=3 durable=3 commit=3
read n1
  n1: read 1
  n1: read 1 granted at 3
expect reads_granted=1
