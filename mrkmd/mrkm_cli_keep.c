// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys that a member keeps: command line, and what show says of them.
 */
#include <zebra.h>

#include "command.h"
#include "northbound_cli.h"
#include "vty.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_cli.h"
#include "mrkmd/mrkm_keep.h"
#include "mrkmd/mrkm_nb.h"
#include "mrkmd/mrkm_show.h"

#include "mrkmd/mrkm_cli_keep_clippy.c"

static void set_or_clear(struct vty *vty, const char *xpath, const char *value)
{
	nb_cli_enqueue_change(vty, xpath, value ? NB_OP_MODIFY : NB_OP_DESTROY,
			      value);
}

/* clang-format off */

DEFPY_YANG (mrkm_keep_keys,
	mrkm_keep_keys_cmd,
	"keep-keys [file FILE$file] [key KEY$key]",
	"Keep the keys of groups, sealed, for when mrkmd starts anew\n"
	"Where they are kept\n"
	"Name of the file\n"
	"What they are sealed under\n"
	"Name of a file, made when it is missing, or URI of an Ed25519 private key\n")
{
	if ((file && !mrkm_cli_file_ok(vty, file)) ||
	    (key && !mrkm_cli_uri_ok(vty, key)))
		return CMD_WARNING_CONFIG_FAILED;
	nb_cli_enqueue_change(vty, "./keep-keys", NB_OP_CREATE, NULL);
	set_or_clear(vty, "./keep-keys/file", file);
	set_or_clear(vty, "./keep-keys/key", key);
	return nb_cli_apply_changes(vty, NULL);
}

DEFPY_YANG (no_mrkm_keep_keys,
	no_mrkm_keep_keys_cmd,
	"no keep-keys [file FILE] [key KEY]",
	NO_STR
	"Keep the keys of groups, sealed, for when mrkmd starts anew\n"
	"Where they are kept\n"
	"Name of the file\n"
	"What they are sealed under\n"
	"Name of a file, made when it is missing, or URI of an Ed25519 private key\n")
{
	return mrkm_cli_destroy(vty, "./keep-keys");
}

/* clang-format on */

void mrkm_cli_show_keep_keys(struct vty *vty, const struct lyd_node *node,
			     bool defaults)
{
	vty_out(vty, " keep-keys");
	if (yang_dnode_exists(node, "file"))
		vty_out(vty, " file %s", yang_dnode_get_string(node, "file"));
	if (yang_dnode_exists(node, "key"))
		vty_out(vty, " key %s", yang_dnode_get_string(node, "key"));
	vty_out(vty, "\n");
}

void mrkm_cli_keep_init(void)
{
	install_element(MRKM_NODE, &mrkm_keep_keys_cmd);
	install_element(MRKM_NODE, &no_mrkm_keep_keys_cmd);
}

/* -------------------------------------------------------------------- show */

void mrkm_show_keep(struct vty *vty)
{
	const char *file = mrkm_keep_file();
	char problem[MRKM_TEXT_SIZE];

	mrkm_show_line(vty, "Keys are kept", "%s%s", file ? "in " : "no",
		       file ? file : "");
	if (mrkm_keep_problem(problem, sizeof(problem)))
		mrkm_show_line(vty, "  problem", "%s", problem);
}

void mrkm_json_keep(struct json_object *json)
{
	const char *file = mrkm_keep_file();
	struct json_object *keep;
	char problem[MRKM_TEXT_SIZE];

	if (!file)
		return;
	keep = json_object_new_object();
	json_object_string_add(keep, "file", file);
	if (mrkm_keep_problem(problem, sizeof(problem)))
		json_object_string_add(keep, "problem", problem);
	json_object_object_add(json, "keepKeys", keep);
}

/*
 * XPath: /frr-mrkmd:mrkmd/mrkm/keep-keys/state/problem
 */
enum nb_error mrkm_nb_keep_get(const struct nb_node *node, const void *entry,
			       struct lyd_node *parent)
{
	const struct lysc_node *schema = node->snode;
	char problem[MRKM_TEXT_SIZE];

	if (mrkm_keep_problem(problem, sizeof(problem)) &&
	    lyd_new_term(parent, schema->module, schema->name, problem, false,
			 NULL))
		return NB_ERR_RESOURCE;
	return NB_OK;
}
