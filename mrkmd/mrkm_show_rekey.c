// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rekey SAs, in show mrkm group and show mrkm key-server.
 */
#include <zebra.h>

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_show.h"

const char *mrkm_rekey_spi_text(const struct gikev2_rekey_status *rekey,
				char buf[MRKM_REKEY_SPI_TEXT])
{
	for (size_t i = 0; i < sizeof(rekey->spi); i++)
		snprintf(buf + 2 * i, 3, "%02x", rekey->spi[i]);
	return buf;
}

const char *mrkm_rekey_authentication(const struct gikev2_rekey_status *rekey)
{
	return rekey->signature ? rekey->signature : "implicit";
}

/* Of Ed25519 the scheme and the key have one name. */
static void show_signature(struct vty *vty,
			   const struct gikev2_rekey_status *rekey)
{
	char key[64];

	gikev2_key_text(rekey->key, key, sizeof(key));
	mrkm_show_line(vty, "  signed", "%s%s%s", rekey->signature,
		       strcmp(rekey->signature, key) ? ", " : "",
		       strcmp(rekey->signature, key) ? key : "");
}

void mrkm_show_rekey(struct vty *vty, const struct gikev2_rekey_status *rekey,
		     const char *interface)
{
	char spi[MRKM_REKEY_SPI_TEXT], text[64], time[32];

	if (!rekey->alive)
		return;
	mrkm_show_line(vty, "Rekey SA", "%s", mrkm_rekey_spi_text(rekey, spi));
	mrkm_show_line(vty, "  comes to", "%s%s%s",
		       gikev2_endpoint_text(&rekey->destination, text,
					    sizeof(text)),
		       interface[0] ? " on " : "", interface);
	if (rekey->source.family)
		mrkm_show_line(vty, "  from", "%s",
			       gikev2_endpoint_text(&rekey->source, text,
						    sizeof(text)));
	mrkm_show_line(vty, "  message", "%u is next", rekey->message_id);
	if (rekey->key)
		show_signature(vty, rekey);
	else
		mrkm_show_line(
			vty, "  signed",
			"no: whoever is in the group could have sent it");
	mrkm_show_line(vty, "  expires", "in %s",
		       mrkm_show_until(rekey->end, time, sizeof(time)));
}

void mrkm_show_tree(struct vty *vty, const struct gikev2_rekey_status *rekey)
{
	char time[32];

	if (!rekey->alive)
		return;
	mrkm_show_line(vty, "  next", "in %s",
		       mrkm_show_until(rekey->next, time, sizeof(time)));
	mrkm_show_line(
		vty, "Key tree",
		"%u members, room for %u; degree %u, %u keys from each to the top",
		rekey->tree_members, rekey->tree_room, rekey->tree_degree,
		rekey->tree_depth);
}

struct json_object *mrkm_json_rekey(const struct gikev2_rekey_status *rekey)
{
	struct json_object *json = json_object_new_object();
	char text[64];

	json_object_string_add(json, "spi", mrkm_rekey_spi_text(rekey, text));
	json_object_int_add(json, "messageId", rekey->message_id);
	json_object_string_add(json, "destination",
			       mrkm_address_text(&rekey->destination, text,
						 sizeof(text)));
	json_object_int_add(json, "port", rekey->destination.port);
	if (rekey->source.family)
		json_object_string_add(json, "source",
				       mrkm_address_text(&rekey->source, text,
							 sizeof(text)));
	json_object_string_add(json, "authentication",
			       mrkm_rekey_authentication(rekey));
	if (rekey->key)
		json_object_string_add(json, "key",
				       gikev2_key_text(rekey->key, text,
						       sizeof(text)));
	json_object_int_add(json, "secondsOfLife",
			    mrkm_seconds_until(rekey->end));
	return json;
}

struct json_object *mrkm_json_tree(const struct gikev2_rekey_status *rekey)
{
	struct json_object *json = json_object_new_object();

	json_object_int_add(json, "members", rekey->tree_members);
	json_object_int_add(json, "room", rekey->tree_room);
	json_object_int_add(json, "degree", rekey->tree_degree);
	json_object_int_add(json, "depth", rekey->tree_depth);
	json_object_int_add(json, "secondsToNext",
			    mrkm_seconds_until(rekey->next));
	return json;
}
