// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys that a member keeps: between the configuration, the engine and a store
 * of their own.
 */
#ifndef MRKM_KEEP_H
#define MRKM_KEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "gikev2/gikev2.h"

/* Opens the store as the configuration wants, or forgets what is in it. */
void mrkm_keep_apply(void);
void mrkm_keep_fini(void);

/* Is there a store that works? */
bool mrkm_keep_works(void);

/* Callbacks of the engine, for records of the kind GIKEV2_RECORD_KEPT. */
int mrkm_keep_save(const struct gikev2_record *record);
int mrkm_keep_load(const uint8_t *key, size_t key_len, gikev2_record_fn visit,
		   void *visit_arg);

/* Makes safe what was saved.  A member goes on when that fails. */
void mrkm_keep_commit(void);

/* Where they are kept; NULL: nowhere. */
const char *mrkm_keep_file(void);

/* Why keys are not kept, or were not used, and what to do.  False: all is well. */
bool mrkm_keep_problem(char *buf, size_t size);

#endif /* MRKM_KEEP_H */
