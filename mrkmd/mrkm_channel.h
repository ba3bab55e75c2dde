// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd's end of the key channel: takes keys to the daemons that use them,
 * through zebra, and keeps them there when any of the three restarts.
 */
#ifndef MRKM_CHANNEL_H
#define MRKM_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keytable/keytable.h"
#include "mrkm/mrkm_err.h"
#include "mrkm/mrkm_sender.h"

struct event_loop;

/* Any of them may be NULL. */
struct mrkm_channel_callbacks {
	/* What mrkm_channel_algorithms(protocol) says is another now, or why
	 * it says none. */
	void (*capability)(uint8_t protocol, uint32_t algorithms);

	/*
	 * A receiver reported something new about a key: MRKM_ERR_OK when it
	 * is in the key chain, else why not (mrkm_err_text()).  With `id` 0
	 * it is about the key chain as a whole.  Log line: from here, not
	 * logged by the channel.
	 */
	void (*result)(const struct mrkm_key_status *status);
};

/*
 * Draws this process's wrap key and starts the session with zebra; once that
 * is there, the key is left in MRKM_WRAP_FILE of FRR's run directory.  To be
 * called once FRR's privileges are dropped (after frr_init()), since receivers
 * run as the same user and read the file.  0, or -MRKM_ERR_CRYPTO,
 * -MRKM_ERR_NO_MEMORY: the failure is logged, and there is no channel.
 */
int mrkm_channel_init(struct event_loop *loop);

/*
 * Ends the session, wipes and frees all, and removes the wrap key file.
 * Receivers keep their keys until their lifetime is over.
 */
void mrkm_channel_fini(void);

void mrkm_channel_set_callbacks(const struct mrkm_channel_callbacks *callbacks);

/*
 * The key chain is to be kept by us for (group, protocol), and its keys are
 * not known yet.  Says nothing about keys that a receiver still holds from
 * an earlier mrkmd: they live on.  Until the first key comes, the receiver
 * fails closed.  To be called when the configuration names the key chain,
 * also when it names another one than before.  0, or -MRKM_ERR_BAD_TEXT,
 * -MRKM_ERR_PROTOCOL, -MRKM_ERR_NO_MEMORY; -MRKM_ERR_NOT_CONNECTED: the
 * channel could not be started.
 */
int mrkm_channel_bind(const char *group, uint8_t protocol,
		      const char *key_chain);

/*
 * The whole set of rows of (group, protocol) is now this; with `count` 0 all
 * keys are forgotten and the receiver fails closed.  The rows are copied, the
 * copy is wiped when replaced.  Only a change is sent.  0, or as
 * mrkm_channel_bind(), or -MRKM_ERR_LIMIT: more than KEYTABLE_ROWS_MAX.
 */
int mrkm_channel_set(const char *group, uint8_t protocol, const char *key_chain,
		     const struct keytable_row *rows, size_t count);

/* Withdraws the keys from all receivers and forgets (group, protocol). */
void mrkm_channel_unset(const char *group, uint8_t protocol);

/*
 * KEYTABLE_ALGO_BIT()s that every receiver of `protocol` can do, last known
 * when one is away.  0: no receiver of it was ever seen.
 */
uint32_t mrkm_channel_algorithms(uint8_t protocol);

/* Why there are none: see mrkm_sender_obstacle(). */
enum mrkm_err mrkm_channel_obstacle(uint8_t protocol);

/* Connected to zebra? */
bool mrkm_channel_connected(void);

/* For show: every receiver ever seen, and every key at every receiver. */
void mrkm_channel_visit_receivers(
	void (*visit)(void *arg, const struct mrkm_receiver_status *status),
	void *arg);
void mrkm_channel_visit_keys(
	void (*visit)(void *arg, const struct mrkm_key_status *status),
	void *arg);

/* By reason: MRKM_ERR_MAX numbers, names by mrkm_err_name(). */
const uint64_t *mrkm_channel_counters(void);

#endif /* MRKM_CHANNEL_H */
