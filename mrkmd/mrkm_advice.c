// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an operator can do about a reason.
 */
#include <stdlib.h>

#include "gikev2/gikev2_err.h"
#include "mrkmd/mrkm_advice.h"

static const char *const advice[GIKEV2_ERR_MAX] = {
	[GIKEV2_ERR_TIMEOUT] =
		"check that the key server is up, has a route back, and listens at that address and UDP port",
	[GIKEV2_ERR_AUTH_FAILED] =
		"compare the pre-shared key here with the key server's for this router, and this router's \"identity\" with its \"member\" line there; why a certificate was refused is in \"show mrkm key-server members\" there",
	[GIKEV2_ERR_NO_CREDENTIAL] =
		"check the pre-shared key file or the \"certificate\", and the \"identity\" that the key server must have",
	[GIKEV2_ERR_AUTH_METHOD] =
		"configure \"authentication remote\" as the key server's \"authentication local\"",
	[GIKEV2_ERR_CERT_UNTRUSTED] =
		"configure the \"trust-anchor\" of the key server's CA under \"mrkm\"",
	[GIKEV2_ERR_CERT_NAME] =
		"configure the name in the key server's certificate as \"identity\" there and behind \"key-server\" here",
	[GIKEV2_ERR_CERT_EXPIRED] =
		"renew the key server's certificate; check both clocks",
	[GIKEV2_ERR_CERT_NOT_YET_VALID] =
		"check the clocks of this router and of the key server",
	[GIKEV2_ERR_CERT_REVOKED] =
		"the key server's certificate is revoked: do not trust it",
	[GIKEV2_ERR_CERT_CRL] =
		"put a CRL that is up to date where \"crl file\" names it",
	[GIKEV2_ERR_PPK] =
		"configure the same post-quantum pre-shared key, by the same ID, here and at the key server for this router",
	[GIKEV2_ERR_INVALID_GROUP] =
		"check the group's name or \"id\" here and at the key server",
	[GIKEV2_ERR_NOT_AUTHORIZED] =
		"add this router's identity to the group's members at the key server",
	[GIKEV2_ERR_REGISTRATION_FAILED] =
		"the key server is full or has no keys: look at \"show mrkm key-server\" there",
	[GIKEV2_ERR_NO_PROPOSAL] =
		"compare the group's protocols and algorithms at the key server with what the daemons here can do (\"show mrkm group\")",
	[GIKEV2_ERR_BAD_POLICY] =
		"the key server asks for what this router cannot do: compare protocols and algorithms",
	[GIKEV2_ERR_SELECTORS] =
		"the key server's group protects other traffic than OSPFv3 or PIM: name another group",
	[GIKEV2_ERR_TUNNEL_MODE] =
		"set the group to transport mode at the key server: routing protocols take no other",
	[GIKEV2_ERR_SENDER_ID] =
		"the key server has to give a Sender-ID that fits into GWP_SENDER_ID_BITS: check its software",
	[GIKEV2_ERR_BAD_KEY] =
		"the key server sent a key that no daemon can use: check its software",
	[GIKEV2_ERR_EXCLUDED] =
		"the key server has excluded this router, or its message was lost: registering anew will tell",
	[GIKEV2_ERR_REKEY_LOST] =
		"check that multicast reaches this router without loss; more \"rekey copies\" at the key server help against some",
	[GIKEV2_ERR_NEXT_SPI] =
		"check that multicast reaches this router without loss; more \"rekey copies\" at the key server help against some",
	[GIKEV2_ERR_NO_MEMORY] = "free memory on this router",
	[GIKEV2_ERR_NO_RANDOM] =
		"check the random number generator of this router",
	[GIKEV2_ERR_CRYPTO] = "check the OpenSSL installation of this router",
	[GIKEV2_ERR_OUTPUT] =
		"check that there is a route to the key server and that no filter is in the way",
	[GIKEV2_ERR_DELETED] =
		"it will be tried again; look at the key server's log for the cause",
	[GIKEV2_ERR_STATE] =
		"restore the state file from a copy, or remove it and restart mrkmd: then every member registers again",
	[GIKEV2_ERR_STATE_VERSION] =
		"install the newer software again, or remove the state file and restart mrkmd: then every member registers again",
	[GIKEV2_ERR_STATE_LOST] =
		"look at \"show mrkm key-server\" for what is wrong with the state file",
	[GIKEV2_ERR_LIFETIME] =
		"check that the key server is up and can be reached",
};

const char *mrkm_advice(int err)
{
	err = abs(err);
	if (err < GIKEV2_ERR_MAX && advice[err])
		return advice[err];
	return "it will be tried again; \"debug mrkm events\" tells more";
}
