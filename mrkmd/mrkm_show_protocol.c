// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show mrkm key-server: what a group makes keys for, and who keeps it from its
 * first choice.
 */
#include <zebra.h>

#include "json.h"
#include "vty.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_show.h"

static const char *choice_text(const struct gikev2_choice *choice, char *buf,
			       size_t size)
{
	struct keytable_row row = { .algorithm = choice->algorithm,
				    .ipsec.suite = choice->suite };

	return keytable_row_algorithm(&row, buf, size);
}

static const char *protocol_name(uint8_t wire)
{
	return keytable_protocol_by_wire(wire)->name;
}

/* ------------------------------------------------------------ configuration */

static void show_protocol(struct vty *vty,
			  const struct gikev2_group_protocol *protocol)
{
	struct gikev2_choice first = { protocol->algorithm, protocol->suite };
	char text[KEYTABLE_ALGORITHM_TEXT], label[32];

	mrkm_show_line(vty, "Protocol", "%s, %s, %slifetime %u seconds",
		       protocol_name(protocol->protocol),
		       choice_text(&first, text, sizeof(text)),
		       protocol->per_sender ? "an SA for each sender, " : "",
		       protocol->lifetime);
	for (size_t i = 0; i < protocol->fallback_count; i++) {
		snprintf(label, sizeof(label), "  fallback %zu", i + 1);
		mrkm_show_line(vty, label, "%s",
			       choice_text(&protocol->fallback[i], text,
					   sizeof(text)));
	}
}

void mrkm_show_protocols(struct vty *vty,
			 const struct gikev2_group_config *config)
{
	for (size_t i = 0; i < config->protocol_count; i++)
		show_protocol(vty, &config->protocols[i]);
	if (config->plain)
		mrkm_show_line(vty, "Policies", "in plain form");
}

static struct json_object *
protocol_json(const struct gikev2_group_protocol *protocol)
{
	struct json_object *json = json_object_new_object();
	struct json_object *fallbacks = json_object_new_array();
	struct gikev2_choice first = { protocol->algorithm, protocol->suite };
	char text[KEYTABLE_ALGORITHM_TEXT];

	json_object_string_add(json, "protocol",
			       protocol_name(protocol->protocol));
	json_object_string_add(json, "algorithm",
			       choice_text(&first, text, sizeof(text)));
	json_object_boolean_add(json, "perSender", protocol->per_sender);
	json_object_int_add(json, "lifetime", protocol->lifetime);
	for (size_t i = 0; i < protocol->fallback_count; i++)
		json_object_array_add(
			fallbacks,
			json_object_new_string(choice_text(
				&protocol->fallback[i], text, sizeof(text))));
	json_object_object_add(json, "fallbacks", fallbacks);
	return json;
}

struct json_object *
mrkm_json_protocols(const struct gikev2_group_config *config)
{
	struct json_object *protocols = json_object_new_array();

	for (size_t i = 0; i < config->protocol_count; i++)
		json_object_array_add(protocols,
				      protocol_json(&config->protocols[i]));
	return protocols;
}

/* ---------------------------------------------------------- who holds it back */

void mrkm_show_holdback(struct vty *vty,
			const struct gikev2_group_status *status)
{
	char text[KEYTABLE_ALGORITHM_TEXT], id[MRKM_TEXT_SIZE];

	for (size_t i = 0; i < status->holdback_count; i++) {
		const struct gikev2_holdback *holdback = &status->holdback[i];

		mrkm_show_line(
			vty, "Held back",
			"%s from %s by %u members that cannot do it, such as %s",
			protocol_name(holdback->wanted.protocol),
			keytable_row_algorithm(&holdback->wanted, text,
					       sizeof(text)),
			holdback->members,
			gikev2_id_text(holdback->member, id, sizeof(id)));
	}
}

struct json_object *mrkm_json_holdback(const struct gikev2_group_status *status)
{
	struct json_object *list = json_object_new_array();
	char text[KEYTABLE_ALGORITHM_TEXT], id[MRKM_TEXT_SIZE];

	for (size_t i = 0; i < status->holdback_count; i++) {
		const struct gikev2_holdback *holdback = &status->holdback[i];
		struct json_object *json = json_object_new_object();

		json_object_string_add(
			json, "protocol",
			protocol_name(holdback->wanted.protocol));
		json_object_string_add(json, "algorithm",
				       keytable_row_algorithm(&holdback->wanted,
							      text,
							      sizeof(text)));
		json_object_int_add(json, "members", holdback->members);
		json_object_string_add(json, "member",
				       gikev2_id_text(holdback->member, id,
						      sizeof(id)));
		json_object_array_add(list, json);
	}
	return list;
}
