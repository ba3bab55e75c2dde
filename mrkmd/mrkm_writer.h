// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes to a store in a thread of its own, so that a disk that takes its time
 * stops nothing else.
 *
 * All functions are for the main thread.  While a batch is being written, its
 * store must not be used: mrkm_writer_wait() first.
 */
#ifndef MRKM_WRITER_H
#define MRKM_WRITER_H

#include <stdbool.h>

#include "gikev2/gikev2.h"

struct event_loop;
struct mrkm_store;

/* Records that go into a store together, in the order that they came. */
struct mrkm_batch;

struct mrkm_batch *mrkm_batch_new(void);

/* Wipes what the records said. */
void mrkm_batch_free(struct mrkm_batch **batch);

/* Copies the record. */
void mrkm_batch_add(struct mrkm_batch *batch,
		    const struct gikev2_record *record);
bool mrkm_batch_empty(const struct mrkm_batch *batch);

/*
 * Begins to write; `done` is called from `loop` when the batch is safe, or the
 * store has failed: mrkm_store_problem().  Takes the batch, which may be thousands
 * of records to wipe.  One at a time.
 */
void mrkm_writer_begin(struct event_loop *loop, struct mrkm_store *store,
		       struct mrkm_batch **batch, void (*done)(void));

/* The same at once, and without the thread. */
void mrkm_writer_now(struct mrkm_store *store, const struct mrkm_batch *batch);

/* Returns when nothing is being written; `done` is still to come. */
void mrkm_writer_wait(void);

/* The same, but that `done` does not come any more. */
void mrkm_writer_cancel(void);

/* Ends the thread. */
void mrkm_writer_fini(void);

#endif /* MRKM_WRITER_H */
