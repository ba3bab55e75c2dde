// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show mrkm key-server
 */
#include <zebra.h>

#include "termtable.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_multicast.h"
#include "mrkmd/mrkm_refusal.h"
#include "mrkmd/mrkm_show.h"
#include "mrkmd/mrkm_state.h"

static void show_listen(struct vty *vty)
{
	char text[INET6_ADDRSTRLEN];

	if (!mrkm.base.listen_count)
		mrkm_show_line(vty, "Listens at", "every address, port %u",
			       mrkm.base.port);
	for (size_t i = 0; i < mrkm.base.listen_count; i++)
		mrkm_show_line(vty, i ? "" : "Listens at", "%s, port %u%s",
			       mrkm_address_text(&mrkm.base.listen[i], text,
						 sizeof(text)),
			       mrkm.base.port,
			       mrkm_multicast_interface_of(&mrkm.base.listen[i])
				       ? ""
				       : ": no interface has that address");
}

static void show_limit(struct vty *vty, const struct mrkm_ks_group *group)
{
	uint32_t by_default = mrkm_ks_default_limit(group);

	if (group->config.member_limit)
		mrkm_show_line(vty, "Member limit", "%u",
			       group->config.member_limit);
	else if (by_default)
		mrkm_show_line(
			vty, "Member limit",
			"%u by patterns with a pre-shared key, unless \"member-limit\" says otherwise",
			by_default);
}

static void show_status(struct vty *vty, const struct mrkm_ks_group *group)
{
	struct gikev2_group_status status;
	char time[32];

	gikev2_group_get_status(group->group, mrkm_now(), &status);
	mrkm_show_line(vty, "Members",
		       "%u registered, %zu configured, %zu excluded",
		       status.members, mrkm_ks_members_count(&group->members),
		       mrkm_exclusions_count(&group->exclusions));
	show_limit(vty, group);
	mrkm_show_line(vty, "Generation", "%" PRIu64 ", made %s ago",
		       status.generation,
		       mrkm_show_since(status.created, time, sizeof(time)));
	if (status.pending)
		mrkm_show_line(vty, "Not acknowledged", "by %u members",
			       status.pending);
	if (status.wait)
		mrkm_show_line(vty, "Waits for",
			       "%s; %u are missing, for %s at the longest",
			       gikev2_wait_text(status.wait), status.awaited,
			       mrkm_show_until(status.wait_end, time,
					       sizeof(time)));
	if (mrkm_seconds_until(status.atd_end))
		mrkm_show_line(vty, "Members send", "with it in %s",
			       mrkm_show_until(status.atd_end, time,
					       sizeof(time)));
	mrkm_show_line(vty, "Next roll", "in %s",
		       mrkm_show_until(status.next_roll, time, sizeof(time)));
	mrkm_show_holdback(vty, &status);
	mrkm_show_rekey(vty, &status.rekey, group->config.rekey.interface);
	mrkm_show_tree(vty, &status.rekey);
	mrkm_show_rows(vty, status.rows, status.row_count);
}

static void show_group(struct vty *vty, const struct mrkm_ks_group *group)
{
	const struct gikev2_group_config *config = &group->config.engine;
	char text[MRKM_TEXT_SIZE];

	vty_out(vty, "Group %s\n", group->config.name);
	mrkm_show_line(vty, "Group identity", "%s",
		       gikev2_id_text(&config->id, text, sizeof(text)));
	mrkm_show_protocols(vty, config);
	mrkm_show_line(vty, "Delays",
		       "activation %u seconds, deactivation %u seconds",
		       config->atd, config->dtd);
	if (mrkm_ks_group_problem(group, text, sizeof(text)))
		mrkm_show_line(vty, "Problem", "%s", text);
	if (group->group)
		show_status(vty, group);
	vty_out(vty, "\n");
}

/* ----------------------------------------------------------------- members */

static bool add_member(void *arg,
		       const struct gikev2_group_member_status *status)
{
	char id[MRKM_TEXT_SIZE], endpoint[64], since[32], seen[32];

	ttable_add_row(arg, "%s|%s|%s|%s|%" PRIu64 "%s",
		       gikev2_id_text(status->identity, id, sizeof(id)),
		       gikev2_endpoint_text(&status->path.remote, endpoint,
					    sizeof(endpoint)),
		       mrkm_show_since(status->registered_since, since,
				       sizeof(since)),
		       mrkm_show_since(status->last_seen, seen, sizeof(seen)),
		       status->generation,
		       status->awaited ? ", awaited"
		       : status->late  ? ", late"
				       : "");
	return true;
}

static void show_exclusions(struct vty *vty, const struct mrkm_ks_group *group)
{
	const struct mrkm_exclusion *exclusion;
	char id[MRKM_TEXT_SIZE], when[MRKM_TIME_TEXT];

	frr_each(mrkm_exclusions_const, &group->exclusions, exclusion)
		vty_out(vty, "%s is excluded since %s: %s\n",
			gikev2_id_text(&exclusion->identity, id, sizeof(id)),
			mrkm_time_text(exclusion->since, when),
			exclusion->reason);
}

static void show_refusals(struct vty *vty, const struct mrkm_ks_group *group)
{
	const struct mrkm_refusal *refusal;
	char id[MRKM_TEXT_SIZE], endpoint[64], when[32];

	for (size_t n = 0; (refusal = mrkm_refusal_get(group, n)); n++)
		vty_out(vty, "%s at %s was refused %s ago, %u times: %s\n",
			gikev2_id_text(&refusal->identity, id, sizeof(id)),
			gikev2_endpoint_text(&refusal->remote, endpoint,
					     sizeof(endpoint)),
			mrkm_show_since(refusal->when, when, sizeof(when)),
			refusal->count, refusal->reason);
}

static const char *entry_state(const struct mrkm_ks_group *group,
			       const struct mrkm_ks_member *member)
{
	if (member->pattern)
		return "pattern";
	return mrkm_exclusion_find(group, &member->identity) ? "excluded"
							     : "not registered";
}

static void show_members(struct vty *vty, const struct mrkm_ks_group *group)
{
	struct ttable *table = ttable_new(&ttable_styles[TTSTYLE_BLANK]);
	const struct mrkm_ks_member *member;
	char id[MRKM_TEXT_SIZE], *text;

	vty_out(vty, "Group %s\n", group->config.name);
	ttable_add_row(table, "Member|Address|Registered|Heard|Generation");
	if (group->group)
		gikev2_group_members(group->group, add_member, table);
	frr_each(mrkm_ks_members_const, &group->members, member)
		if (member->pattern ||
		    !mrkm_ks_registered(group, &member->identity))
			ttable_add_row(table, "%s|%s|-|-|-",
				       gikev2_id_text(&member->identity, id,
						      sizeof(id)),
				       entry_state(group, member));
	text = ttable_dump(table, "\n");
	vty_out(vty, "%s\n", text);
	XFREE(MTYPE_TMP_TTABLE, text);
	ttable_del(table);
	show_exclusions(vty, group);
	show_refusals(vty, group);
}

/* -------------------------------------------------------------------- JSON */

static bool add_member_json(void *arg,
			    const struct gikev2_group_member_status *status)
{
	struct json_object *members = arg;
	struct json_object *json = json_object_new_object();
	char text[MRKM_TEXT_SIZE];

	json_object_boolean_add(json, "registered", true);
	json_object_string_add(json, "address",
			       gikev2_endpoint_text(&status->path.remote, text,
						    sizeof(text)));
	json_object_int_add(json, "registeredSeconds",
			    mrkm_seconds_since(status->registered_since));
	json_object_int_add(json, "heardSeconds",
			    mrkm_seconds_since(status->last_seen));
	json_object_int_add(json, "generation", status->generation);
	json_object_boolean_add(json, "awaited", status->awaited);
	json_object_boolean_add(json, "late", status->late);
	json_object_object_add(
		members, gikev2_id_text(status->identity, text, sizeof(text)),
		json);
	return true;
}

/* The object of the member, or one of its own for who is none. */
static struct json_object *object_of(struct json_object *members,
				     const struct gikev2_id *identity)
{
	struct json_object *member;
	char text[MRKM_TEXT_SIZE];

	gikev2_id_text(identity, text, sizeof(text));
	if (!json_object_object_get_ex(members, text, &member)) {
		member = json_object_new_object();
		json_object_boolean_add(member, "registered", false);
		json_object_object_add(members, text, member);
	}
	return member;
}

static void exclusions_json(struct json_object *members,
			    const struct mrkm_ks_group *group)
{
	const struct mrkm_exclusion *exclusion;
	struct json_object *member;

	frr_each(mrkm_exclusions_const, &group->exclusions, exclusion) {
		member = object_of(members, &exclusion->identity);
		json_object_boolean_add(member, "excluded", true);
		json_object_string_add(member, "excludedFor",
				       exclusion->reason);
		json_object_int_add(member, "excludedSince", exclusion->since);
	}
}

static void refusals_json(struct json_object *members,
			  const struct mrkm_ks_group *group)
{
	const struct mrkm_refusal *refusal;
	struct json_object *member, *json;
	char text[MRKM_TEXT_SIZE];

	for (size_t n = 0; (refusal = mrkm_refusal_get(group, n)); n++) {
		member = object_of(members, &refusal->identity);
		json = json_object_new_object();
		json_object_string_add(json, "reason", refusal->reason);
		json_object_int_add(json, "count", refusal->count);
		json_object_int_add(json, "seconds",
				    mrkm_seconds_since(refusal->when));
		json_object_string_add(json, "address",
				       gikev2_endpoint_text(&refusal->remote,
							    text,
							    sizeof(text)));
		json_object_object_add(member, "refused", json);
	}
}

static struct json_object *members_json(const struct mrkm_ks_group *group)
{
	struct json_object *members = json_object_new_object();
	const struct mrkm_ks_member *member;
	char id[MRKM_TEXT_SIZE];

	frr_each(mrkm_ks_members_const, &group->members, member) {
		struct json_object *json = json_object_new_object();

		json_object_boolean_add(json, "registered", false);
		json_object_boolean_add(json, "pattern", member->pattern);
		json_object_boolean_add(json, "excluded", false);
		json_object_object_add(members,
				       gikev2_id_text(&member->identity, id,
						      sizeof(id)),
				       json);
	}
	/* A registered member's object takes the place of that one. */
	if (group->group)
		gikev2_group_members(group->group, add_member_json, members);
	exclusions_json(members, group);
	refusals_json(members, group);
	return members;
}

struct json_object *mrkm_json_ks_group(const struct mrkm_ks_group *group)
{
	struct json_object *json = json_object_new_object();
	struct gikev2_group_status status;
	char text[MRKM_TEXT_SIZE];

	json_object_string_add(json, "groupIdentity",
			       gikev2_id_text(&group->config.engine.id, text,
					      sizeof(text)));
	json_object_boolean_add(json, "serving", group->group != NULL);
	json_object_int_add(json, "membersConfigured",
			    mrkm_ks_members_count(&group->members));
	if (group->config.member_limit || mrkm_ks_default_limit(group)) {
		json_object_int_add(json, "memberLimit",
				    group->config.member_limit
					    ? group->config.member_limit
					    : mrkm_ks_default_limit(group));
		json_object_boolean_add(json, "memberLimitIsDefault",
					!group->config.member_limit);
	}
	json_object_int_add(json, "activationDelay", group->config.engine.atd);
	json_object_int_add(json, "deactivationDelay",
			    group->config.engine.dtd);
	json_object_object_add(json, "protocols",
			       mrkm_json_protocols(&group->config.engine));
	json_object_boolean_add(json, "plainPolicies",
				group->config.engine.plain);
	json_object_int_add(json, "rekeyWait", group->config.engine.rekey.wait);
	if (mrkm_ks_group_problem(group, text, sizeof(text)))
		json_object_string_add(json, "problem", text);
	if (!group->group)
		return json;
	gikev2_group_get_status(group->group, mrkm_now(), &status);
	json_object_int_add(json, "members", status.members);
	json_object_int_add(json, "excluded",
			    mrkm_exclusions_count(&group->exclusions));
	json_object_int_add(json, "pending", status.pending);
	if (status.wait) {
		json_object_string_add(json, "waitsFor",
				       gikev2_wait_text(status.wait));
		json_object_int_add(json, "awaited", status.awaited);
		json_object_int_add(json, "secondsOfWait",
				    mrkm_seconds_until(status.wait_end));
	}
	if (status.rekey.alive) {
		json_object_object_add(json, "rekeySa",
				       mrkm_json_rekey(&status.rekey));
		json_object_object_add(json, "keyTree",
				       mrkm_json_tree(&status.rekey));
	}
	json_object_int_add(json, "generation", status.generation);
	json_object_int_add(json, "generationSeconds",
			    mrkm_seconds_since(status.created));
	json_object_int_add(json, "secondsToSend",
			    mrkm_seconds_until(status.atd_end));
	json_object_int_add(json, "secondsToRoll",
			    mrkm_seconds_until(status.next_roll));
	json_object_object_add(json, "heldBack", mrkm_json_holdback(&status));
	json_object_object_add(json, "keys",
			       mrkm_json_rows(status.rows, status.row_count));
	return json;
}

/* Where it remembers, and whether it does. */
static void show_state(struct vty *vty)
{
	struct mrkm_state_status status;
	char problem[512];

	mrkm_state_get_status(&status);
	mrkm_show_line(vty, "State file", "%s",
		       status.file ? status.file : "none");
	if (mrkm_state_problem(problem, sizeof(problem)))
		mrkm_show_line(vty, "Problem", "%s", problem);
	else if (status.file)
		mrkm_show_line(vty, "State",
			       "%" PRIu64 " records, %" PRIu64
			       " octets, written %" PRIu64 " times",
			       status.records, status.octets, status.commits);
}

struct json_object *mrkm_json_server(void)
{
	struct json_object *json = json_object_new_object();
	struct json_object *listen = json_object_new_array();
	struct mrkm_state_status status;
	char text[512];

	for (size_t i = 0; i < mrkm.base.listen_count; i++) {
		mrkm_address_text(&mrkm.base.listen[i], text, sizeof(text));
		json_object_array_add(listen, json_object_new_string(text));
	}
	json_object_object_add(json, "listen", listen);
	json_object_int_add(json, "halfOpenLimit", mrkm.base.half_open_limit);
	mrkm_state_get_status(&status);
	if (status.file) {
		json_object_string_add(json, "stateFile", status.file);
		json_object_int_add(json, "stateRecords", status.records);
		json_object_int_add(json, "stateOctets", status.octets);
		json_object_int_add(json, "stateCommits", status.commits);
	}
	if (mrkm_state_problem(text, sizeof(text)))
		json_object_string_add(json, "problem", text);
	return json;
}

/* ---------------------------------------------------------------- commands */

int mrkm_show_server(struct vty *vty, bool members, bool json)
{
	struct json_object *groups = json ? json_object_new_object() : NULL;
	const struct mrkm_ks_group *group;

	if (!json && !mrkm.base.key_server) {
		vty_out(vty,
			"This router is not a key server: \"key-server\" under \"mrkm\" makes it one\n");
		return CMD_SUCCESS;
	}
	if (!json && !members) {
		vty_out(vty, "Key server\n");
		show_listen(vty);
		mrkm_show_line(vty, "Half-open limit", "%u",
			       mrkm.base.half_open_limit);
		show_state(vty);
		vty_out(vty, "\n");
	}
	frr_each(mrkm_ks_groups_const, &mrkm.ks_groups, group) {
		if (json)
			json_object_object_add(
				groups, group->config.name,
				members ? members_json(group)
					: mrkm_json_ks_group(group));
		else if (members)
			show_members(vty, group);
		else
			show_group(vty, group);
	}
	if (json)
		return vty_json(vty, groups);
	if (!mrkm_ks_groups_count(&mrkm.ks_groups))
		vty_out(vty, "No group is configured for the key server\n");
	return CMD_SUCCESS;
}
