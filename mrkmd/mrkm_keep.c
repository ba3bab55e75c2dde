// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys that a member keeps, so that it has them at once when it starts.
 *
 * Unlike a key server, a member does without a store that fails: it has its
 * keys, and loses them at worst with its process, as if nothing was to be kept.
 */
#include <zebra.h>

#include "libfrr.h"
#include "log.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_keep.h"
#include "mrkmd/mrkm_state.h"
#include "mrkmd/mrkm_store.h"

#define RETRY_SECONDS 10

static struct {
	struct mrkm_store *store;
	char file[MRKM_FILE_SIZE], key[MRKM_FILE_SIZE]; /* of `store` */
	char problem[MRKM_STORE_PROBLEM_MAX];		/* empty: none */
	struct event *t_retry;
} keep;

static void open_again(struct event *event);

/* ------------------------------------------------------------------- failure */

static void store_close(void)
{
	mrkm_store_close(keep.store);
	keep.store = NULL;
}

static void give_up(const char *problem)
{
	if (strcmp(keep.problem, problem))
		zlog_err("mrkm: keys are not kept: %s", problem);
	strlcpy(keep.problem, problem, sizeof(keep.problem));
	store_close();
	event_add_timer(mrkm.loop, open_again, NULL, RETRY_SECONDS,
			&keep.t_retry);
}

void mrkm_keep_commit(void)
{
	struct mrkm_store_clock clock;
	char problem[MRKM_STORE_PROBLEM_MAX];

	if (!keep.store)
		return;
	if (mrkm_store_pending(keep.store)) {
		mrkm_store_clock(&clock);
		mrkm_store_commit(keep.store, &clock);
	}
	if (!mrkm_store_problem(keep.store))
		return;
	strlcpy(problem, mrkm_store_problem(keep.store), sizeof(problem));
	give_up(problem);
}

/* ------------------------------------------------------------------- opening */

static void forget_all(void)
{
	const struct gikev2_record all = { .kind = GIKEV2_RECORD_KEPT };

	mrkm_store_save(keep.store, &all);
	mrkm_keep_commit();
}

/*
 * How old the keys are nobody can tell: they might have been replaced, and
 * taken from a router that was excluded, long ago.
 */
static void forget_after_clock(void)
{
	forget_all();
	if (!keep.store)
		return;
	snprintf(
		keep.problem, sizeof(keep.problem),
		"the keys in %s were forgotten: the clock says that they were kept in the future: set it before mrkmd starts",
		keep.file);
	zlog_warn("mrkm: %s", keep.problem);
}

static void restore_groups(void)
{
	struct mrkm_group *group;

	frr_each(mrkm_groups, &mrkm.groups, group)
		mrkm_group_restore(group);
}

static void store_open(void)
{
	struct mrkm_store_clock clock;
	char problem[MRKM_STORE_PROBLEM_MAX];
	bool failed = keep.problem[0] != '\0';

	mrkm_store_clock(&clock);
	if (mrkm_store_open(keep.file, keep.key, &clock, &keep.store, problem) <
	    0) {
		give_up(problem);
		return;
	}
	keep.problem[0] = '\0';
	if (failed)
		zlog_notice("mrkm: keys are kept again in %s", keep.file);
	if (mrkm_store_clock_went_back(keep.store))
		forget_after_clock();
	restore_groups();
}

static void open_again(struct event *event)
{
	store_open();
	mrkm_engine_reschedule();
}

void mrkm_keep_apply(void)
{
	const struct mrkm_keep_config *config = &mrkm.base.keep;
	char file[MRKM_FILE_SIZE] = "", key[MRKM_FILE_SIZE] = "";

	if (config->wanted) {
		mrkm_state_name(file, sizeof(file), config->file,
				"mrkmd-keys.db");
		mrkm_state_name(key, sizeof(key), config->key,
				"mrkmd-keys.key");
	}
	if (!strcmp(file, keep.file) && !strcmp(key, keep.key))
		return;
	/* keys that are no longer to be kept here are not left here */
	if (keep.store)
		forget_all();
	event_cancel(&keep.t_retry);
	store_close();
	keep.problem[0] = '\0';
	strlcpy(keep.file, file, sizeof(keep.file));
	strlcpy(keep.key, key, sizeof(keep.key));
	if (config->wanted)
		store_open();
}

void mrkm_keep_fini(void)
{
	event_cancel(&keep.t_retry);
	store_close();
}

bool mrkm_keep_works(void)
{
	return keep.store;
}

/* ----------------------------------------------------------------- the engine */

int mrkm_keep_save(const struct gikev2_record *record)
{
	if (!keep.store)
		return 0;
	/* what was said of the keys before these is of no interest any more */
	if (record->value)
		keep.problem[0] = '\0';
	return mrkm_store_save(keep.store, record) < 0 ? -GIKEV2_ERR_STATE_LOST
						       : 0;
}

int mrkm_keep_load(const uint8_t *key, size_t key_len, gikev2_record_fn visit,
		   void *visit_arg)
{
	int ret;

	if (!keep.store)
		return 0;
	ret = mrkm_store_load(keep.store, GIKEV2_RECORD_KEPT, key, key_len,
			      visit, visit_arg);
	return mrkm_store_problem(keep.store) ? -GIKEV2_ERR_STATE : ret;
}

const char *mrkm_keep_file(void)
{
	return keep.file[0] ? keep.file : NULL;
}

bool mrkm_keep_problem(char *buf, size_t size)
{
	strlcpy(buf, keep.problem, size);
	return keep.problem[0];
}
