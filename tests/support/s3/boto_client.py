# SPDX-License-Identifier: Apache-2.0
"""A second client, to look at what ours put and to put what ours reads: calls as lines of JSON on stdin, answers on stdout.

Run by the Python of `fetch moto`, with the endpoint as its argument and keys in the environment."""

import base64
import json
import sys

import boto3
import botocore.config

# No checksums in trailers: they are younger than most servers.
config = botocore.config.Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required",
                                response_checksum_validation="when_required", retries={"max_attempts": 1})
s3 = boto3.client("s3", endpoint_url=sys.argv[1], config=config, verify=sys.argv[2] if len(sys.argv) > 2 else None)


def call(name, arguments):
    if name == "put":
        s3.put_object(Bucket=arguments["bucket"], Key=arguments["key"], Body=base64.b64decode(arguments["body"]))
        return None
    if name == "get":
        return base64.b64encode(s3.get_object(Bucket=arguments["bucket"], Key=arguments["key"])["Body"].read()).decode()
    if name == "list":
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=arguments["bucket"])
        return [[entry["Key"], entry["Size"]] for page in pages for entry in page.get("Contents", [])]
    if name == "uploads":
        return [entry["Key"] for entry in s3.list_multipart_uploads(Bucket=arguments["bucket"]).get("Uploads", [])]
    if name == "begin_upload":
        begun = s3.create_multipart_upload(Bucket=arguments["bucket"], Key=arguments["key"])
        s3.upload_part(Bucket=arguments["bucket"], Key=arguments["key"], UploadId=begun["UploadId"], PartNumber=1, Body=b"part")
        return None
    if name == "make_bucket":
        s3.create_bucket(Bucket=arguments["bucket"])
        return None
    raise ValueError(name)


for line in sys.stdin:
    request = json.loads(line)
    try:
        print(json.dumps({"result": call(request["call"], request)}), flush=True)
    except Exception as e:  # noqa: BLE001: whatever it is, the test shall see it
        print(json.dumps({"error": repr(e)}), flush=True)
