// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Senders (RFC 9838 sections 2.5 and 2.6): Sender-IDs for counter modes, and
 * SAs that each sender has for himself.
 */
#ifndef GIKEV2_SENDER_H
#define GIKEV2_SENDER_H

#include "gikev2/gikev2_int.h"

/* As server: is there a Sender-ID left to hand out? */
bool gikev2_sender_ids_left(struct gikev2_group *group);

/*
 * As server: hands out as many as the member asked for, or fewer; never one that was
 * handed out before.  0, or -SENDER_ID when there is none left.
 */
int gikev2_sender_ids_draw(struct gikev2_group *group, uint8_t wanted,
			   struct gikev2_sender_ids *ids);

/* Does any of the rows need Sender-IDs? */
bool gikev2_rows_counter(const struct keytable_row *const *rows, size_t count);

/* The attributes of the two payloads: GM_SENDER_ID in a member key bag. */
int gikev2_sender_ids_add(struct gikev2 *engine,
			  const struct gikev2_sender_ids *ids,
			  struct gikev2_bag *bag);

/* As member: how many to ask for. */
static inline uint8_t
gikev2_sender_ids_asked(const struct gikev2_member_config *config)
{
	if (config->sender_ids > KEYTABLE_SENDER_IDS_MAX)
		return KEYTABLE_SENDER_IDS_MAX;
	return config->sender_ids ? config->sender_ids : 1;
}

/*
 * As member: what the answer to a registration says.  0; -SENDER_ID when it
 * says none, one twice, or one that does not fit.
 */
int gikev2_sender_ids_read(const struct gikev2_pld_gsa *gsa,
			   const struct gikev2_pld_kd *kd, uint8_t asked,
			   struct gikev2_sender_ids *ids);

#endif /* GIKEV2_SENDER_H */
