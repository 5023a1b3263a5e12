/* libraft_bench: committed entries per second of libraft's test fixture, three servers in one process. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <raft.h>
#include <raft/fixture.h>

enum { servers = 3, window = 8, payload_bytes = 128, entries_wanted = 200000 };

struct counted {
    unsigned long applied;
};

static int apply(struct raft_fsm *fsm, const struct raft_buffer *buf, void **result) {
    struct counted *counted = fsm->data;
    (void)buf;
    *result = NULL;
    ++counted->applied;
    return 0;
}

static int snapshot(struct raft_fsm *fsm, struct raft_buffer *bufs[], unsigned *n_bufs) {
    (void)fsm;
    *n_bufs = 1;
    *bufs = raft_malloc(sizeof **bufs);
    if (*bufs == NULL) {
        return RAFT_NOMEM;
    }
    (*bufs)[0].len = 8;
    (*bufs)[0].base = raft_calloc(1, 8);
    return (*bufs)[0].base == NULL ? RAFT_NOMEM : 0;
}

static int restore(struct raft_fsm *fsm, struct raft_buffer *buf) {
    (void)fsm;
    raft_free(buf->base);
    return 0;
}

static unsigned in_flight = 0;
static unsigned long committed = 0;

static void done(struct raft_apply *req, int status, void *result) {
    (void)result;
    free(req);
    --in_flight;
    committed += status == 0;
}

static void fail(const char *what, int code) {
    fprintf(stderr, "libraft_bench: %s: %d\n", what, code);
    exit(1);
}

static void propose(struct raft *leader) {
    struct raft_apply *req = malloc(sizeof *req);
    struct raft_buffer buf = {.base = raft_malloc(payload_bytes), .len = payload_bytes};
    if (req == NULL || buf.base == NULL) {
        fail("no memory", 0);
    }
    memset(buf.base, 7, payload_bytes);
    const int code = raft_apply(leader, req, &buf, 1, done);
    if (code != 0) {
        fail("raft_apply", code);
    }
    ++in_flight;
}

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(void) {
    static struct raft_fixture fixture;
    static struct counted counts[servers];
    static struct raft_fsm machines[servers];
    srandom(42);
    int code = raft_fixture_initialize(&fixture);
    for (unsigned i = 0; i < servers && code == 0; ++i) {
        machines[i] = (struct raft_fsm){.version = 1, .data = &counts[i], .apply = apply,
            .snapshot = snapshot, .restore = restore};
        code = raft_fixture_grow(&fixture, &machines[i]);
    }
    struct raft_configuration members;
    if (code != 0 || (code = raft_fixture_configuration(&fixture, servers, &members)) != 0 ||
        (code = raft_fixture_bootstrap(&fixture, &members)) != 0) {
        fail("fixture", code);
    }
    raft_configuration_close(&members);
    for (unsigned i = 0; i < servers; ++i) {
        raft_set_snapshot_threshold(raft_fixture_get(&fixture, i), 64);
        raft_set_snapshot_trailing(raft_fixture_get(&fixture, i), 16);
    }
    if ((code = raft_fixture_start(&fixture)) != 0) {
        fail("start", code);
    }
    raft_fixture_elect(&fixture, 0);
    const double start = cpu_seconds();
    unsigned long steps = 0;
    while (committed < entries_wanted) {
        const unsigned leader = raft_fixture_leader_index(&fixture);
        while (leader < servers && in_flight < window) {
            propose(raft_fixture_get(&fixture, leader));
        }
        raft_fixture_step(&fixture);
        ++steps;
    }
    const double seconds = cpu_seconds() - start;
    printf("libraft fixture, 3 servers, window 8, 128 B: %.0f steps/s, %.0f commits/s\n",
        (double)steps / seconds, (double)committed / seconds);
    raft_fixture_close(&fixture);
    return 0;
}
