// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd/mrkm_writer.c: what was handed over is in the store when that is said, in
 * the order that it came, and a store that fails says so.
 */
#include <zebra.h>

#include "frr_pthread.h"
#include "frrevent.h"
#include "libfrr.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_store.h"
#include "mrkmd/mrkm_writer.h"
#include "test_util.h"

DEFINE_MGROUP(MRKMD, "test");

#define KIND 70

static struct event_loop *loop;
static int idle[2]; /* a loop with nothing to read would end */
static unsigned int done_count;
static char folder[] = "/tmp/test_writer.XXXXXX", file[64], key[64];

static void on_idle(struct event *event)
{
}

static int setup(void **state)
{
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/state.db", folder);
	snprintf(key, sizeof(key), "%s/state.key", folder);
	frr_is_after_fork = true;
	frr_pthread_init();
	loop = event_master_create(NULL);
	assert_int_equal(pipe(idle), 0);
	event_add_read(loop, on_idle, NULL, idle[0], NULL);
	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[80];

	mrkm_writer_fini();
	event_master_free(loop);
	close(idle[0]);
	close(idle[1]);
	for (size_t i = 0; i < array_size(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", file, ends[i]);
		unlink(name);
	}
	unlink(key);
	return rmdir(folder);
}

static void on_done(void)
{
	done_count++;
}

/* One event; `done` is the only one that there can be. */
static void run_loop(void)
{
	struct event event;

	assert_non_null(event_fetch(loop, &event));
	event_call(&event);
}

static struct mrkm_store *store_open(void)
{
	char problem[MRKM_STORE_PROBLEM_MAX];
	struct mrkm_store_clock clock;
	struct mrkm_store *store;

	mrkm_store_clock(&clock);
	if (mrkm_store_open(file, key, &clock, &store, problem) < 0)
		fail_msg("%s", problem);
	done_count = 0;
	return store;
}

static void add(struct mrkm_batch *batch, const char *name, const char *value)
{
	struct gikev2_record record = {
		.kind = (enum gikev2_record_kind)KIND,
		.key = (const uint8_t *)name,
		.key_len = strlen(name),
		.value = (const uint8_t *)value,
		.value_len = value ? strlen(value) : 0,
	};

	mrkm_batch_add(batch, &record);
}

struct found {
	char text[256];
};

static int on_record(void *arg, const struct gikev2_record *record)
{
	struct found *found = arg;
	size_t used = strlen(found->text);

	snprintf(found->text + used, sizeof(found->text) - used, "%.*s=%.*s ",
		 (int)record->key_len, record->key, (int)record->value_len,
		 record->value);
	return 0;
}

static struct found found_in(struct mrkm_store *store)
{
	struct found found = {};

	assert_int_equal(
		mrkm_store_load(store, KIND, NULL, 0, on_record, &found), 0);
	return found;
}

static void in_order(void **state)
{
	struct mrkm_store *store = store_open();
	struct mrkm_batch *batch = mrkm_batch_new();
	char value[] = "1";

	assert_true(mrkm_batch_empty(batch));
	add(batch, "a", value);
	value[0] = '2'; /* it was copied */
	add(batch, "b", value);
	add(batch, "a", "3");
	add(batch, "c", "4");
	add(batch, "b", NULL);
	add(batch, "d", "");
	assert_false(mrkm_batch_empty(batch));
	mrkm_writer_begin(loop, store, &batch, on_done);
	assert_null(batch);
	run_loop();
	assert_int_equal(done_count, 1);
	/* as another process would find it */
	mrkm_store_close(store);
	store = store_open();
	assert_string_equal(found_in(store).text, "a=3 c=4 d= ");
	mrkm_store_close(store);
}

static void many(void **state)
{
	struct mrkm_store *store = store_open();
	struct mrkm_store_status before, after;

	mrkm_store_get_status(store, &before);
	for (unsigned int i = 0; i < 50; i++) {
		struct mrkm_batch *batch = mrkm_batch_new();
		char value[16];

		snprintf(value, sizeof(value), "%u", i);
		add(batch, "a", value);
		mrkm_writer_begin(loop, store, &batch, on_done);
		assert_null(batch);
		/* it may be safe before that is said, and is used then */
		if (i % 2)
			mrkm_writer_wait();
		assert_int_equal(done_count, i);
		run_loop();
		assert_int_equal(done_count, i + 1);
	}
	mrkm_store_get_status(store, &after);
	assert_int_equal(after.commits - before.commits, 50);
	assert_string_equal(found_in(store).text, "a=49 c=4 d= ");
	mrkm_store_close(store);
}

static void at_once(void **state)
{
	struct mrkm_store *store = store_open();
	struct mrkm_batch *batch = mrkm_batch_new(), *next = mrkm_batch_new();

	add(batch, "a", "x");
	add(next, "a", "y");
	mrkm_writer_begin(loop, store, &batch, on_done);
	assert_null(batch);
	mrkm_writer_wait();
	mrkm_writer_now(store, next);
	assert_string_equal(found_in(store).text, "a=y c=4 d= ");
	assert_int_equal(done_count, 0);
	run_loop();
	assert_int_equal(done_count, 1);
	mrkm_batch_free(&next);
	mrkm_store_close(store);
}

/* What was begun is written all the same, and nothing is said. */
static void cancelled(void **state)
{
	struct mrkm_store *store = store_open();
	struct mrkm_batch *batch = mrkm_batch_new();

	add(batch, "a", "z");
	mrkm_writer_begin(loop, store, &batch, on_done);
	assert_null(batch);
	mrkm_writer_cancel();
	assert_string_equal(found_in(store).text, "a=z c=4 d= ");
	batch = mrkm_batch_new();
	add(batch, "d", NULL);
	mrkm_writer_begin(loop, store, &batch, on_done);
	assert_null(batch);
	run_loop();
	assert_int_equal(done_count, 1);
	mrkm_store_close(store);
}

static void failing(void **state)
{
	struct mrkm_store *store = store_open();
	struct mrkm_batch *batch = mrkm_batch_new();
	char long_key[GIKEV2_RECORD_KEY_MAX + 2];

	memset(long_key, 'k', sizeof(long_key) - 1);
	long_key[sizeof(long_key) - 1] = '\0';
	add(batch, "a", "lost");
	add(batch, long_key, "v");
	assert_null(mrkm_store_problem(store));
	mrkm_writer_begin(loop, store, &batch, on_done);
	assert_null(batch);
	run_loop();
	assert_int_equal(done_count, 1);
	assert_non_null(mrkm_store_problem(store));
	mrkm_store_close(store);
	/* all of it, or nothing */
	store = store_open();
	assert_string_equal(found_in(store).text, "a=z c=4 ");
	mrkm_store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order), cmocka_unit_test(many),
		cmocka_unit_test(at_once),  cmocka_unit_test(cancelled),
		cmocka_unit_test(failing),
	};

	return cmocka_run_group_tests_name("writer", tests, setup, teardown);
}
