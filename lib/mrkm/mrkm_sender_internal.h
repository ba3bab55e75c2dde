// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd's end of the key channel: what its two files share.  mrkm_sender.c
 * has the receivers and their sessions, mrkm_sender_sets.c the keys.
 */
#ifndef MRKM_SENDER_INTERNAL_H
#define MRKM_SENDER_INTERNAL_H

#include "mrkm/mrkm_sender.h"

/* One (group, protocol): where its keys go, and what they are. */
struct set {
	struct set *next;
	char group[MRKM_NAME_MAX + 1];
	char key_chain[MRKM_NAME_MAX + 1];
	uint8_t protocol;
	bool known;    /* the rows are; else the key chain is only bound */
	bool protects; /* it is known what */
	size_t interface_count;
	struct mrkm_msg_interface *interfaces;
	size_t count;
	struct keytable_row rows[KEYTABLE_ROWS_MAX];
	/* Receiver by receiver: of the key chain, of rows[]. */
	uint8_t chain_result[MRKM_RECEIVERS_MAX];
	uint8_t result[MRKM_RECEIVERS_MAX][KEYTABLE_ROWS_MAX];
};

struct receiver {
	bool used;
	struct mrkm_peer peer;
	enum mrkm_receiver_state state;
	uint64_t begun;	    /* the session was */
	uint64_t deadline;  /* of WAITING, GREETED, SYNCING */
	uint64_t retry;	    /* the next back-off */
	uint32_t greetings; /* in a row, without an answer */
	uint32_t session;
	uint32_t sent, answered; /* serial numbers */
	struct mrkm_msg hello;	 /* its last one */
	uint32_t sessions, malformed;
};

struct mrkm_sender {
	const struct mrkm_sender_callbacks *callbacks;
	void *arg;
	struct mrkm_wrap_key key;
	const char *name;
	uint32_t session; /* the last one given out */
	struct set *sets;
	struct receiver receivers[MRKM_RECEIVERS_MAX];
	uint64_t counters[MRKM_ERR_MAX];
};

#define for_each_set(set, sender)                                              \
	for (struct set *set = (sender)->sets; set; set = set->next)
#define for_each_receiver(r, sender)                                           \
	for (struct receiver *r = (sender)->receivers;                         \
	     r < (sender)->receivers + MRKM_RECEIVERS_MAX; r++)                \
		if (r->used)

/* mrkm_sender.c */

/* In a session, and of that protocol? */
bool mrkm_sender_takes(const struct receiver *r, uint8_t protocol);

/* Sends the next message of the session, to be answered in time. */
void mrkm_sender_send_numbered(struct mrkm_sender *sender, struct receiver *r,
			       struct mrkm_msg *msg, uint64_t now);

/* mrkm_sender_sets.c */

void mrkm_sender_send_sets(struct mrkm_sender *sender, struct receiver *r,
			   uint64_t now);
void mrkm_sender_take_results(struct mrkm_sender *sender, struct receiver *r,
			      const struct mrkm_msg *status);
void mrkm_sender_free_sets(struct mrkm_sender *sender);

/* Keys of the receiver's protocols that it has installed, and refused. */
void mrkm_sender_count_keys(const struct mrkm_sender *sender,
			    const struct receiver *r, uint32_t *installed,
			    uint32_t *refused);

#endif /* MRKM_SENDER_INTERNAL_H */
