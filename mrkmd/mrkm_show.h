// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the show commands share.
 */
#ifndef MRKM_SHOW_H
#define MRKM_SHOW_H

#include <zebra.h>

#include "json.h"
#include "vty.h"

#include "mrkmd/mrkm.h"

/* Octets for the text of an identity or an endpoint. */
#define MRKM_TEXT_SIZE 1024

/* "00:05:12"; "never" when the instant never was. */
const char *mrkm_show_since(uint64_t instant, char *buf, size_t size);
const char *mrkm_show_until(uint64_t instant, char *buf, size_t size);

/* A labelled line of a paragraph. */
void mrkm_show_line(struct vty *vty, const char *label, const char *format, ...)
	PRINTFRR(3, 4);

/* mrkm_show_keys.c: rows of the key table, without the keys */
void mrkm_show_rows(struct vty *vty, const struct keytable_row *rows,
		    size_t count);
struct json_object *mrkm_json_rows(const struct keytable_row *rows,
				   size_t count);
int mrkm_show_keys(struct vty *vty, bool json);

/* mrkm_show_group.c: groups as member; `name` NULL: all */
int mrkm_show_groups(struct vty *vty, const char *name, bool json);
struct json_object *mrkm_json_group(const struct mrkm_group *group);

/* mrkm_show_server.c: groups as key server */
int mrkm_show_server(struct vty *vty, bool members, bool json);
struct json_object *mrkm_json_ks_group(const struct mrkm_ks_group *group);
struct json_object *mrkm_json_server(void);

/* mrkm_show_protocol.c: what a group makes keys for */
void mrkm_show_protocols(struct vty *vty,
			 const struct gikev2_group_config *config);
void mrkm_show_holdback(struct vty *vty,
			const struct gikev2_group_status *status);
struct json_object *
mrkm_json_protocols(const struct gikev2_group_config *config);
struct json_object *
mrkm_json_holdback(const struct gikev2_group_status *status);

/* mrkm_cli_keep.c: whether keys are kept */
void mrkm_show_keep(struct vty *vty);
void mrkm_json_keep(struct json_object *json);

/* mrkm_show_rekey.c: Rekey SAs; `interface` "" when none is known */
#define MRKM_REKEY_SPI_TEXT (2 * GIKEV2_REKEY_SPI_LEN + 1)
const char *mrkm_rekey_spi_text(const struct gikev2_rekey_status *rekey,
				char buf[MRKM_REKEY_SPI_TEXT]);
const char *mrkm_rekey_authentication(const struct gikev2_rekey_status *rekey);
void mrkm_show_rekey(struct vty *vty, const struct gikev2_rekey_status *rekey,
		     const char *interface);
void mrkm_show_tree(struct vty *vty, const struct gikev2_rekey_status *rekey);
struct json_object *mrkm_json_rekey(const struct gikev2_rekey_status *rekey);
struct json_object *mrkm_json_tree(const struct gikev2_rekey_status *rekey);

/* mrkm_show_channel.c: the daemons that use the keys */
void mrkm_show_receivers(struct vty *vty);
struct json_object *mrkm_json_receivers(void);
/* What became of a key (id 0: of the key chain as a whole) in each daemon. */
void mrkm_show_results(struct vty *vty, const char *group, uint8_t protocol,
		       uint32_t id);
struct json_object *mrkm_json_results(const char *group, uint8_t protocol,
				      uint32_t id);

#endif /* MRKM_SHOW_H */
