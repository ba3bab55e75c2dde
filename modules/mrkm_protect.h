// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In pimd, pim6d and ospf6d: which interfaces are protected, by which key chain,
 * with which rows.  The rows of a key chain are the operator's, if he has
 * configured any, else mrkmd's.  What results is told to the module in zebra,
 * which has the kernel do it.  No libfrr here.
 *
 * Instants are microseconds of CLOCK_MONOTONIC.
 */
#ifndef MRKM_PROTECT_H
#define MRKM_PROTECT_H

#include "mrkm/mrkm_receiver.h"
#include "mrkm/mrkm_sender.h"

/* A key chain that mrkmd keeps. */
struct mrkm_protect_order {
	struct mrkm_protect_order *next;
	char group[MRKM_NAME_MAX + 1];
	char key_chain[MRKM_NAME_MAX + 1];
	uint64_t boot;
	uint32_t session;
	bool conflict; /* the operator's keys are in it */
	size_t count;
	struct keytable_row rows[KEYTABLE_ROWS_MAX];
};

/* An interface with the command. */
struct mrkm_protect_interface {
	struct mrkm_protect_interface *next;
	char name[MRKM_INTERFACE_SIZE];
	char key_chain[MRKM_NAME_MAX + 1];
	char before[MRKM_NAME_MAX + 1]; /* until zebra knows of the change */
};

/* A key chain that zebra was told of. */
struct mrkm_protect_told {
	struct mrkm_protect_told *next;
	char key_chain[MRKM_NAME_MAX + 1];
	bool used; /* an interface names it still */
	/* what zebra has answered, row by row */
	size_t result_count;
	struct mrkm_msg_result results[KEYTABLE_ROWS_MAX];
};

struct mrkm_protect_ops {
	/*
	 * The operator's keys of a key chain, as rows; how many there are, up
	 * to `max`.  What cannot be a key of `protocol` is a row that is not
	 * valid.
	 */
	size_t (*by_hand)(void *arg, const char *key_chain, uint8_t protocol,
			  struct keytable_row *rows, size_t max);

	/* What mrkmd is to know of its key chain: see mrkm_receiver_report(). */
	void (*report)(void *arg, const struct mrkm_protect_order *order,
		       enum mrkm_err result,
		       const struct mrkm_msg_result *results, size_t count);
};

struct mrkm_protect {
	const struct mrkm_protect_ops *ops;
	void *arg;
	uint8_t protocol; /* 0: this daemon has nothing to protect */
	struct mrkm_sender *sender;
	struct mrkm_protect_order *orders;
	struct mrkm_protect_interface *interfaces; /* by name */
	struct mrkm_protect_told *told;
};

/* Frees and wipes all but `sender`. */
void mrkm_protect_fini(struct mrkm_protect *protect);

/*
 * The interface is protected by the key chain, or by none (NULL).  0,
 * -MRKM_ERR_BAD_TEXT, -MRKM_ERR_LIMIT, -MRKM_ERR_NO_MEMORY.
 */
int mrkm_protect_set(struct mrkm_protect *protect, const char *interface,
		     const char *key_chain);

/* The key chain of an interface, NULL: none. */
const char *mrkm_protect_get(const struct mrkm_protect *protect,
			     const char *interface);

/* Members of struct mrkm_receiver_callbacks. */
int mrkm_protect_bind(struct mrkm_protect *protect,
		      const struct mrkm_order *order);
int mrkm_protect_keys(struct mrkm_protect *protect,
		      const struct mrkm_order *order,
		      const struct keytable_row *rows, size_t count,
		      enum mrkm_err *results);
int mrkm_protect_withdraw(struct mrkm_protect *protect,
			  const struct mrkm_order *order);
void mrkm_protect_synced(struct mrkm_protect *protect, uint64_t boot,
			 uint32_t session);

/* What zebra's module has answered: struct mrkm_sender_callbacks' `result`. */
void mrkm_protect_result(struct mrkm_protect *protect,
			 const struct mrkm_key_status *status);

/*
 * Is there something to protect, and nobody who would?  Then it is open, and
 * somebody should be told.
 */
bool mrkm_protect_is_idle(const struct mrkm_protect *protect);

/* Tells zebra's module what is another now. */
void mrkm_protect_run(struct mrkm_protect *protect, uint64_t now);

#endif /* MRKM_PROTECT_H */
