// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * State that survives mrkmd.
 *
 * The engine's datagrams wait until what it saved in the same call, or before,
 * is safe.  It is written in a thread of its own: one commit serves all that
 * came in since the one before it, and meanwhile the engine goes on.
 *
 * A store that fails is treated as if mrkmd had crashed in that moment: what
 * the engine knew as key server is dropped without a word to anybody, what
 * waited is not sent, and the key server goes on from what was safe when the
 * store works again.  Members' keys live on meanwhile.
 */
#include <zebra.h>

#include <sys/timerfd.h>

#include "libfrr.h"
#include "log.h"
#include "memory.h"
#include "typesafe.h"

#include "gikev2/gikev2_datagram.h"
#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_keep.h"
#include "mrkmd/mrkm_state.h"
#include "mrkmd/mrkm_store.h"
#include "mrkmd/mrkm_writer.h"

DEFINE_MTYPE_STATIC(MRKMD, MRKM_DATAGRAM, "MRKM datagram that waits");

#define RETRY_SECONDS 10

/* How long datagrams are sent before others get their turn. */
#define SEND_TIME (2 * GIKEV2_SECOND / 1000)

/*
 * From one commit's beginning to the next one's, at least.  Each costs about as much
 * as a registration does, however little is in it; who comes alone does not wait.
 */
#define COMMIT_TIME (10 * GIKEV2_SECOND / 1000)

/* How old what `show` says of the file's size may be. */
#define STATUS_TIME GIKEV2_SECOND

PREDECL_LIST(datagrams);

struct datagram {
	struct datagrams_item item;
	struct gikev2_path path;
	size_t len;
	uint8_t octets[];
};

DECLARE_LIST(datagrams, struct datagram, item);

static struct {
	struct mrkm_store *store;
	char file[MRKM_FILE_SIZE], key[MRKM_FILE_SIZE]; /* of `store` */
	char problem[MRKM_STORE_PROBLEM_MAX];		/* empty: none */
	struct event *t_retry;
	struct mrkm_batch *next; /* NULL: none */
	bool writing;		 /* the store is the writer's */
	uint64_t write_at;	 /* not before */
	int pace_fd;		 /* a timer; or -1 */
	struct event *t_pace;
	struct mrkm_store_status status; /* before what is written now */
	uint64_t status_at;		 /* when its size is looked up again */
	struct event *t_send;
	/* for nothing; for what is written now; and for the next */
	struct datagrams_head ready, held, waiting;
	bool initialised;
} state = { .pace_fd = -1 };

static void open_again(struct event *event);

/* ------------------------------------------------------------------- waiting */

static void init(void)
{
	if (!state.initialised) {
		datagrams_init(&state.ready);
		datagrams_init(&state.held);
		datagrams_init(&state.waiting);
	}
	state.initialised = true;
}

static void forget(struct datagrams_head *datagrams)
{
	struct datagram *datagram;

	while ((datagram = datagrams_pop(datagrams)))
		XFREE(MTYPE_MRKM_DATAGRAM, datagram);
}

/* A commit that took long, or a group that is large, is worth thousands. */
static void send_some(struct event *event)
{
	uint64_t end = mrkm_now() + SEND_TIME;
	struct datagram *datagram;

	while (mrkm_now() < end && (datagram = datagrams_pop(&state.ready))) {
		mrkm_io_send(&datagram->path, datagram->octets, datagram->len);
		XFREE(MTYPE_MRKM_DATAGRAM, datagram);
	}
	if (datagrams_const_first(&state.ready))
		event_add_event(mrkm.loop, send_some, NULL, 0, &state.t_send);
}

/* They go out in the order that they came: a turn's worth at once. */
static void release(struct datagrams_head *datagrams)
{
	struct datagram *datagram;

	while ((datagram = datagrams_pop(datagrams)))
		datagrams_add_tail(&state.ready, datagram);
	if (!state.t_send && datagrams_const_first(&state.ready))
		send_some(NULL);
}

/*
 * A first message, or the answer to one, stands for nothing that is kept; for a
 * stranger's sake nothing is made to wait.
 */
static bool relies_on_nothing(const struct gikev2_path *path,
			      const uint8_t *octets, size_t len)
{
	return gikev2_datagram_look(path->natt, octets, len).exchange ==
	       GIKEV2_IKE_SA_INIT;
}

int mrkm_state_output(void *arg, const struct gikev2_path *path,
		      const uint8_t *octets, size_t len)
{
	struct datagram *datagram;

	if ((!state.store && !mrkm_keep_works()) ||
	    relies_on_nothing(path, octets, len))
		return mrkm_io_send(path, octets, len);
	datagram = XMALLOC(MTYPE_MRKM_DATAGRAM, sizeof(*datagram) + len);
	datagram->path = *path;
	datagram->len = len;
	memcpy(datagram->octets, octets, len);
	datagrams_add_tail(&state.waiting, datagram);
	return 0;
}

/* ------------------------------------------------------------------- failure */

/* Nothing of what is not safe will have happened. */
static void store_close(void)
{
	mrkm_writer_cancel();
	state.writing = false;
	mrkm_batch_free(&state.next);
	forget(&state.held);
	forget(&state.waiting);
	mrkm_store_close(state.store);
	state.store = NULL;
}

/* As after a crash, but that this process lives on. */
static void give_up(const char *problem)
{
	if (strcmp(state.problem, problem))
		zlog_err(
			"mrkm: key server: %s; it serves nobody until then, members' keys live on",
			problem);
	strlcpy(state.problem, problem, sizeof(state.problem));
	mrkm_ks_groups_drop();
	store_close();
	event_add_timer(mrkm.loop, open_again, NULL, RETRY_SECONDS,
			&state.t_retry);
}

/* ------------------------------------------------------------------- writing */

static void written(void)
{
	state.writing = false;
	if (!mrkm_store_problem(state.store))
		release(&state.held);
	/* may be the end of groups, and of their deadlines */
	mrkm_engine_reschedule();
}

static void pace_over(struct event *event)
{
	uint64_t times;

	if (read(state.pace_fd, &times, sizeof(times)) < 0)
		times = 0; /* there is nothing to know but that it is over */
	mrkm_state_flush();
}

/* libfrr's timers count in milliseconds, and poll the rest of it away. */
static int pace(uint64_t time)
{
	struct itimerspec spec = { .it_value.tv_nsec = time * 1000 };

	if (state.pace_fd < 0)
		state.pace_fd = timerfd_create(CLOCK_MONOTONIC,
					       TFD_CLOEXEC | TFD_NONBLOCK);
	if (state.pace_fd < 0 ||
	    timerfd_settime(state.pace_fd, 0, &spec, NULL) < 0)
		return -1;
	event_add_read(mrkm.loop, pace_over, NULL, state.pace_fd,
		       &state.t_pace);
	return 0;
}

/* Is it time for another commit?  It is looked at again when it is. */
static bool may_write(uint64_t now)
{
	if (now >= state.write_at)
		return true;
	return !state.t_pace && pace(state.write_at - now) < 0;
}

/* `show` does not ask a store that is being written to. */
static void note_status(uint64_t now)
{
	if (now < state.status_at) {
		mrkm_store_count(state.store, &state.status);
		return;
	}
	mrkm_store_get_status(state.store, &state.status);
	state.status_at = now + STATUS_TIME;
}

void mrkm_state_flush(void)
{
	char problem[MRKM_STORE_PROBLEM_MAX];
	uint64_t now = mrkm_now();

	init();
	mrkm_keep_commit();
	if (state.writing)
		return;
	if (state.store && mrkm_store_problem(state.store)) {
		strlcpy(problem, mrkm_store_problem(state.store),
			sizeof(problem));
		give_up(problem);
		return;
	}
	if (!state.next) {
		release(&state.waiting);
		return;
	}
	if (!may_write(now))
		return;
	note_status(now);
	state.write_at = now + COMMIT_TIME;
	state.writing = true;
	datagrams_swap_all(&state.held, &state.waiting);
	mrkm_writer_begin(mrkm.loop, state.store, &state.next, written);
}

/* What is being written is safe, and what waited for that is sent; the next commit
 * may follow at once. */
static void complete(void)
{
	state.write_at = 0;
	if (!state.writing)
		return;
	mrkm_writer_cancel();
	state.writing = false;
	if (!mrkm_store_problem(state.store))
		release(&state.held);
}

void mrkm_state_sync(void)
{
	complete();
	mrkm_state_flush();
	mrkm_writer_wait();
}

/* What was saved can be read; what became of it the next flush looks at. */
static void settle(void)
{
	mrkm_writer_wait();
	if (state.next)
		mrkm_writer_now(state.store, state.next);
	mrkm_batch_free(&state.next);
}

/* ------------------------------------------------------------------- opening */

void mrkm_state_name(char *buf, size_t size, const char *configured,
		     const char *name)
{
	if (configured[0]) {
		strlcpy(buf, configured, size);
		return;
	}
	strlcpy(buf, frr_libstatedir, size);
	strlcat(buf, "/", size);
	strlcat(buf, name, size);
}

static void store_open(void)
{
	struct mrkm_store_clock clock;
	char problem[MRKM_STORE_PROBLEM_MAX];
	bool failed = state.problem[0] != '\0';

	mrkm_store_clock(&clock);
	if (mrkm_store_open(state.file, state.key, &clock, &state.store,
			    problem) < 0) {
		give_up(problem);
		return;
	}
	state.problem[0] = '\0';
	if (failed)
		zlog_notice("mrkm: key server: state file %s works",
			    state.file);
}

static void open_again(struct event *event)
{
	store_open();
	if (!state.store)
		return;
	mrkm_ks_groups_resume();
	mrkm_engine_reschedule();
}

void mrkm_state_apply(void)
{
	bool wanted = mrkm.base.key_server && !mrkm.base.state_none;
	char file[MRKM_FILE_SIZE], key[MRKM_FILE_SIZE];

	init();
	mrkm_state_name(file, sizeof(file), mrkm.base.state_file,
			"mrkmd-state.db");
	mrkm_state_name(key, sizeof(key), mrkm.base.state_key,
			"mrkmd-state.key");
	if (wanted && !strcmp(file, state.file) && !strcmp(key, state.key) &&
	    (state.store || state.problem[0]))
		return;
	complete();
	/* what was served goes to the new place */
	if (state.store)
		mrkm_ks_groups_drop();
	event_cancel(&state.t_retry);
	store_close();
	state.problem[0] = '\0';
	if (!wanted)
		return;
	strlcpy(state.file, file, sizeof(state.file));
	strlcpy(state.key, key, sizeof(state.key));
	store_open();
}

void mrkm_state_fini(void)
{
	event_cancel(&state.t_retry);
	event_cancel(&state.t_send);
	event_cancel(&state.t_pace);
	if (state.pace_fd >= 0)
		close(state.pace_fd);
	state.pace_fd = -1;
	init();
	settle();
	store_close();
	forget(&state.ready);
	mrkm_writer_fini();
}

bool mrkm_state_serves(void)
{
	return state.store || !mrkm.base.key_server || mrkm.base.state_none;
}

bool mrkm_state_problem(char *buf, size_t size)
{
	strlcpy(buf, state.problem, size);
	return state.problem[0];
}

/* ----------------------------------------------------------------- the engine */

int mrkm_state_save(void *arg, const struct gikev2_record *record)
{
	if (record->kind == GIKEV2_RECORD_KEPT)
		return mrkm_keep_save(record);
	if (!state.store)
		return 0;
	/* an error shows when it is written */
	if (!state.next)
		state.next = mrkm_batch_new();
	mrkm_batch_add(state.next, record);
	return 0;
}

void mrkm_state_keep(enum mrkm_keep kind, const uint8_t *key, size_t key_len,
		     const uint8_t *value, size_t value_len)
{
	struct gikev2_record record = {
		.kind = (enum gikev2_record_kind)kind,
		.key = key,
		.key_len = key_len,
		.value = value,
		.value_len = value_len,
	};

	mrkm_state_save(NULL, &record);
}

int mrkm_state_load(void *arg, enum gikev2_record_kind kind, const uint8_t *key,
		    size_t key_len, gikev2_record_fn visit, void *visit_arg)
{
	int ret;

	if (kind == GIKEV2_RECORD_KEPT)
		return mrkm_keep_load(key, key_len, visit, visit_arg);
	if (!state.store)
		return 0;
	settle();
	ret = mrkm_store_load(state.store, kind, key, key_len, visit,
			      visit_arg);
	return mrkm_store_problem(state.store) ? -GIKEV2_ERR_STATE : ret;
}

/* Nobody who only looks waits for a disk. */
void mrkm_state_get_status(struct mrkm_state_status *status)
{
	memset(status, 0, sizeof(*status));
	if (!mrkm.base.key_server || mrkm.base.state_none)
		return;
	status->file = state.file;
	if (!state.store)
		return;
	if (!state.writing)
		mrkm_store_get_status(state.store, &state.status);
	status->records = state.status.records;
	status->octets = state.status.octets;
	status->commits = state.status.commits;
}
