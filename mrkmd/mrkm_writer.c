// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes to a store in a thread of its own.
 */
#include <zebra.h>

#include "frr_pthread.h"
#include "frrcu.h"
#include "frrevent.h"
#include "memory.h"
#include "typesafe.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_store.h"
#include "mrkmd/mrkm_writer.h"

DEFINE_MTYPE_STATIC(MRKMD, MRKM_BATCH, "MRKM records to be written");

PREDECL_LIST(records);

/* The record, whose key and value stand behind it. */
struct entry {
	struct records_item item;
	struct gikev2_record record;
	uint8_t octets[];
};

DECLARE_LIST(records, struct entry, item);

struct mrkm_batch {
	struct records_head records;
};

/* ------------------------------------------------------------------- batches */

struct mrkm_batch *mrkm_batch_new(void)
{
	struct mrkm_batch *batch = XCALLOC(MTYPE_MRKM_BATCH, sizeof(*batch));

	records_init(&batch->records);
	return batch;
}

void mrkm_batch_free(struct mrkm_batch **batch)
{
	struct entry *entry;

	if (!*batch)
		return;
	while ((entry = records_pop(&(*batch)->records))) {
		explicit_bzero(entry->octets,
			       entry->record.key_len + entry->record.value_len);
		XFREE(MTYPE_MRKM_BATCH, entry);
	}
	records_fini(&(*batch)->records);
	XFREE(MTYPE_MRKM_BATCH, *batch);
}

void mrkm_batch_add(struct mrkm_batch *batch,
		    const struct gikev2_record *record)
{
	size_t key_len = record->key_len;
	size_t value_len = record->value ? record->value_len : 0;
	struct entry *entry =
		XMALLOC(MTYPE_MRKM_BATCH, sizeof(*entry) + key_len + value_len);

	entry->record = *record;
	entry->record.value_len = value_len;
	entry->record.key = entry->octets;
	if (key_len)
		memcpy(entry->octets, record->key, key_len);
	if (record->value) {
		entry->record.value = entry->octets + key_len;
		memcpy(entry->octets + key_len, record->value, value_len);
	}
	records_add_tail(&batch->records, entry);
}

bool mrkm_batch_empty(const struct mrkm_batch *batch)
{
	return !records_const_first(&batch->records);
}

/* An error is the store's, and for good. */
static void write_batch(struct mrkm_store *store,
			const struct mrkm_batch *batch)
{
	struct mrkm_store_clock clock;
	const struct entry *entry;

	frr_each(records_const, &batch->records, entry)
		if (mrkm_store_save(store, &entry->record) < 0)
			break;
	mrkm_store_clock(&clock);
	mrkm_store_commit(store, &clock);
}

void mrkm_writer_now(struct mrkm_store *store, const struct mrkm_batch *batch)
{
	write_batch(store, batch);
}

/* -------------------------------------------------------------------- thread */

static struct {
	struct frr_pthread *thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	/* under the mutex */
	struct mrkm_store *store; /* NULL: there is nothing to write */
	struct mrkm_batch *batch;
	bool stop;
	/* what is done when it was written */
	struct event_loop *loop;
	void (*done)(void);
	struct event *t_done;
} writer = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

static void written(struct event *event)
{
	writer.done();
}

static void wait_for_work(void)
{
	while (!writer.store && !writer.stop)
		pthread_cond_wait(&writer.changed, &writer.mutex);
}

static void *writer_start(void *arg)
{
	frr_pthread_set_name(arg);
	frr_pthread_notify_running(arg);
	/* held at the start of each thread; who sleeps must not hold it */
	rcu_read_unlock();
	pthread_mutex_lock(&writer.mutex);
	for (wait_for_work(); writer.store; wait_for_work()) {
		pthread_mutex_unlock(&writer.mutex);
		write_batch(writer.store, writer.batch);
		mrkm_batch_free(&writer.batch);
		pthread_mutex_lock(&writer.mutex);
		writer.store = NULL;
		event_add_event(writer.loop, written, NULL, 0, &writer.t_done);
		pthread_cond_broadcast(&writer.changed);
	}
	pthread_mutex_unlock(&writer.mutex);
	return NULL;
}

static int writer_stop(struct frr_pthread *thread, void **result)
{
	frr_with_mutex(&writer.mutex) {
		writer.stop = true;
		pthread_cond_broadcast(&writer.changed);
	}
	pthread_join(thread->thread, result);
	return 0;
}

static void thread_start(void)
{
	static const struct frr_pthread_attr attr = {
		.start = writer_start,
		.stop = writer_stop,
	};

	writer.stop = false;
	writer.thread = frr_pthread_new(&attr, "MRKM state file", "mrkm_state");
	frr_pthread_run(writer.thread, NULL);
	frr_pthread_wait_running(writer.thread);
}

void mrkm_writer_begin(struct event_loop *loop, struct mrkm_store *store,
		       struct mrkm_batch **batch, void (*done)(void))
{
	if (!writer.thread)
		thread_start();
	frr_with_mutex(&writer.mutex) {
		assert(!writer.store);
		writer.loop = loop;
		writer.done = done;
		writer.batch = *batch;
		*batch = NULL;
		writer.store = store;
		pthread_cond_broadcast(&writer.changed);
	}
}

void mrkm_writer_wait(void)
{
	frr_with_mutex(&writer.mutex) {
		while (writer.store)
			pthread_cond_wait(&writer.changed, &writer.mutex);
	}
}

void mrkm_writer_cancel(void)
{
	mrkm_writer_wait();
	event_cancel(&writer.t_done);
}

void mrkm_writer_fini(void)
{
	mrkm_writer_cancel();
	if (!writer.thread)
		return;
	frr_pthread_stop(writer.thread, NULL);
	frr_pthread_destroy(writer.thread);
	writer.thread = NULL;
}
