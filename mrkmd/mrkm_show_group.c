// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show mrkm group
 */
#include <zebra.h>

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_channel.h"
#include "mrkmd/mrkm_multicast.h"
#include "mrkmd/mrkm_show.h"

static void algorithm_names(uint8_t wire, uint32_t algorithms, char *buf,
			    size_t size)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(wire);

	buf[0] = '\0';
	for (uint32_t bit = 1; bit; bit <<= 1) {
		const char *name =
			keytable_bit_name(protocol, algorithms & bit);

		if (!name)
			continue;
		if (buf[0])
			strlcat(buf, " ", size);
		strlcat(buf, name, size);
	}
}

static void show_protocols(struct vty *vty, const struct mrkm_group *group)
{
	char names[256];

	for (size_t i = 0; i < group->config.protocol_count; i++) {
		const struct mrkm_protocol_config *config =
			&group->config.protocols[i];

		algorithm_names(config->protocol,
				mrkm_channel_algorithms(config->protocol),
				names, sizeof(names));
		mrkm_show_line(
			vty, "Protocol", "%s into key chain %s",
			keytable_protocol_by_wire(config->protocol)->name,
			config->key_chain);
		mrkm_show_line(
			vty, "  offered", "%s",
			names[0]
				? names
				: "nothing yet: no daemon has asked for its keys");
		mrkm_show_results(vty, group->config.name, config->protocol, 0);
	}
}

static void show_servers(struct vty *vty, const struct mrkm_group *group)
{
	char address[INET6_ADDRSTRLEN], id[MRKM_TEXT_SIZE];

	for (size_t i = 0; i < group->config.server_count; i++) {
		const struct mrkm_key_server_config *server =
			&group->config.servers[i];

		mrkm_show_line(vty, i ? "" : "Key servers", "%s%s%s",
			       mrkm_address_text(&server->endpoint, address,
						 sizeof(address)),
			       server->identity.type ? ", must be " : "",
			       server->identity.type
				       ? gikev2_id_text(&server->identity, id,
							sizeof(id))
				       : "");
	}
}

static void show_status(struct vty *vty,
			const struct gikev2_member_status *status)
{
	char text[MRKM_TEXT_SIZE], time[32];

	mrkm_show_line(vty, "State", "%s for %s",
		       gikev2_member_state_text(status->state),
		       mrkm_show_since(status->state_since, time,
				       sizeof(time)));
	if (status->server.family)
		mrkm_show_line(vty, "Key server", "%s",
			       gikev2_endpoint_text(&status->server, text,
						    sizeof(text)));
	if (status->server_identity)
		mrkm_show_line(vty, "  proved to be", "%s",
			       gikev2_id_text(status->server_identity, text,
					      sizeof(text)));
	mrkm_show_proof(vty, &status->proof);
	if (status->registered_since)
		mrkm_show_line(vty, "Registered", "for %s",
			       mrkm_show_since(status->registered_since, time,
					       sizeof(time)));
	else
		mrkm_show_line(vty, "Registered", "no");
	if (status->next_try != GIKEV2_NEVER && !status->registered_since)
		mrkm_show_line(vty, "Next try", "in %s",
			       mrkm_show_until(status->next_try, time,
					       sizeof(time)));
	mrkm_show_line(vty, "Registrations", "%u, %u failed",
		       status->registrations, status->failures);
	if (status->rekeys)
		mrkm_show_line(vty, "Rekeys", "%u, last %s ago", status->rekeys,
			       mrkm_show_since(status->last_rekey, time,
					       sizeof(time)));
	else
		mrkm_show_line(vty, "Rekeys", "none yet");
}

static const char *error_text(const struct mrkm_group *group,
			      const struct gikev2_member_status *status)
{
	return group->detail[0] ? group->detail
				: gikev2_err_text(status->last_error);
}

static void show_group(struct vty *vty, const struct mrkm_group *group)
{
	struct gikev2_member_status status = {};
	char text[MRKM_TEXT_SIZE], interface[IFNAMSIZ];

	vty_out(vty, "Group %s\n", group->config.name);
	mrkm_show_line(vty, "Group identity", "%s",
		       gikev2_id_text(&group->config.id, text, sizeof(text)));
	if (group->member) {
		gikev2_member_get_status(group->member, &status);
		show_status(vty, &status);
		if (status.last_error)
			mrkm_show_line(vty, "Last error", "%s",
				       error_text(group, &status));
		mrkm_show_rekey(vty, &status.rekey,
				mrkm_multicast_interface(group, interface,
							 sizeof(interface)));
	}
	show_servers(vty, group);
	mrkm_show_line(vty, "Pre-shared key", "%s",
		       group->config.psk_file[0] ? group->config.psk_file
						 : "none");
	show_protocols(vty, group);
	if (mrkm_group_problem(group, text, sizeof(text)))
		mrkm_show_line(vty, "Problem", "%s", text);
	if (status.row_count)
		mrkm_show_rows(vty, status.rows, status.row_count);
	vty_out(vty, "\n");
}

/* -------------------------------------------------------------------- JSON */

static void status_json(struct json_object *json,
			const struct gikev2_member_status *status)
{
	char text[MRKM_TEXT_SIZE];

	json_object_string_add(json, "state",
			       gikev2_member_state_text(status->state));
	json_object_int_add(json, "stateSeconds",
			    mrkm_seconds_since(status->state_since));
	json_object_boolean_add(json, "registered",
				status->registered_since != 0);
	json_object_int_add(json, "registeredSeconds",
			    mrkm_seconds_since(status->registered_since));
	json_object_int_add(json, "registrations", status->registrations);
	json_object_int_add(json, "failures", status->failures);
	json_object_int_add(json, "rekeys", status->rekeys);
	if (status->rekeys)
		json_object_int_add(json, "lastRekeySeconds",
				    mrkm_seconds_since(status->last_rekey));
	if (status->next_try != GIKEV2_NEVER && !status->registered_since)
		json_object_int_add(json, "nextTrySeconds",
				    mrkm_seconds_until(status->next_try));
	if (status->rekey.alive)
		json_object_object_add(json, "rekeySa",
				       mrkm_json_rekey(&status->rekey));
	if (status->server.family)
		json_object_string_add(json, "keyServer",
				       mrkm_address_text(&status->server, text,
							 sizeof(text)));
	if (status->server_identity)
		json_object_string_add(json, "keyServerIdentity",
				       gikev2_id_text(status->server_identity,
						      text, sizeof(text)));
	if (status->proof.ke)
		json_object_object_add(json, "authentication",
				       mrkm_json_proof(&status->proof));
	json_object_object_add(json, "keys",
			       mrkm_json_rows(status->rows, status->row_count));
}

static struct json_object *servers_json(const struct mrkm_group *group)
{
	struct json_object *servers = json_object_new_array();
	char text[MRKM_TEXT_SIZE];

	for (size_t i = 0; i < group->config.server_count; i++) {
		const struct mrkm_key_server_config *config =
			&group->config.servers[i];
		struct json_object *json = json_object_new_object();

		json_object_string_add(json, "address",
				       mrkm_address_text(&config->endpoint,
							 text, sizeof(text)));
		json_object_int_add(json, "port", config->endpoint.port);
		json_object_int_add(json, "preference", config->preference);
		if (config->identity.type)
			json_object_string_add(json, "identity",
					       gikev2_id_text(&config->identity,
							      text,
							      sizeof(text)));
		json_object_array_add(servers, json);
	}
	return servers;
}

static struct json_object *protocols_json(const struct mrkm_group *group)
{
	struct json_object *json = json_object_new_object();
	char names[256];

	for (size_t i = 0; i < group->config.protocol_count; i++) {
		const struct mrkm_protocol_config *config =
			&group->config.protocols[i];
		struct json_object *protocol = json_object_new_object();

		algorithm_names(config->protocol,
				mrkm_channel_algorithms(config->protocol),
				names, sizeof(names));
		json_object_string_add(protocol, "keyChain", config->key_chain);
		json_object_string_add(protocol, "offered", names);
		json_object_object_add(protocol, "daemons",
				       mrkm_json_results(group->config.name,
							 config->protocol, 0));
		json_object_object_add(
			json, keytable_protocol_by_wire(config->protocol)->name,
			protocol);
	}
	return json;
}

struct json_object *mrkm_json_group(const struct mrkm_group *group)
{
	struct json_object *json = json_object_new_object();
	struct gikev2_member_status status;
	char text[MRKM_TEXT_SIZE];

	json_object_string_add(json, "groupIdentity",
			       gikev2_id_text(&group->config.id, text,
					      sizeof(text)));
	if (mrkm_group_problem(group, text, sizeof(text)))
		json_object_string_add(json, "problem", text);
	json_object_object_add(json, "keyServers", servers_json(group));
	if (group->config.psk_file[0])
		json_object_string_add(json, "preSharedKeyFile",
				       group->config.psk_file);
	json_object_object_add(json, "protocols", protocols_json(group));
	if (group->member) {
		gikev2_member_get_status(group->member, &status);
		status_json(json, &status);
		if (status.last_error) {
			json_object_string_add(
				json, "lastError",
				gikev2_err_name(status.last_error));
			json_object_string_add(json, "lastErrorText",
					       error_text(group, &status));
		}
	}
	return json;
}

/* ---------------------------------------------------------------- commands */

int mrkm_show_groups(struct vty *vty, const char *name, bool json)
{
	struct json_object *groups = json ? json_object_new_object() : NULL;
	const struct mrkm_group *group;
	size_t shown = 0;

	frr_each(mrkm_groups_const, &mrkm.groups, group) {
		if (name && strcmp(name, group->config.name))
			continue;
		shown++;
		if (json)
			json_object_object_add(groups, group->config.name,
					       mrkm_json_group(group));
		else
			show_group(vty, group);
	}
	if (json)
		return vty_json(vty, groups);
	if (!shown && name)
		vty_out(vty, "This router is not a member of group %s\n", name);
	else if (!shown)
		vty_out(vty, "This router is a member of no group\n");
	return CMD_SUCCESS;
}
