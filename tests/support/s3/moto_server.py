# SPDX-License-Identifier: Apache-2.0
"""moto's S3 on 127.0.0.1, until stdin ends. Prints a line of JSON: port, keys, and keys with a session token.

Run by the Python of `fetch moto`. Every request after those made here must be signed: moto computes the signature anew with
botocore and compares."""

import json
import os
import sys

os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "7"  # the calls below

import boto3  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
ANYBODY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
port = server.get_host_and_port()[1]
common = {"endpoint_url": f"http://127.0.0.1:{port}", "aws_access_key_id": "x", "aws_secret_access_key": "y",
          "region_name": "us-east-1"}
iam = boto3.client("iam", **common)
iam.create_user(UserName="user")
iam.put_user_policy(UserName="user", PolicyName="all", PolicyDocument=ALLOW_ALL)
key = iam.create_access_key(UserName="user")["AccessKey"]
role = iam.create_role(RoleName="role", AssumeRolePolicyDocument=ANYBODY)["Role"]
iam.put_role_policy(RoleName="role", PolicyName="all", PolicyDocument=ALLOW_ALL)
temporary = boto3.client("sts", **common).assume_role(RoleArn=role["Arn"], RoleSessionName="session")["Credentials"]
boto3.client("s3", **common).create_bucket(Bucket="logs")
print(json.dumps({"port": port, "key": key["AccessKeyId"], "secret": key["SecretAccessKey"],
                  "temporary": [temporary["AccessKeyId"], temporary["SecretAccessKey"], temporary["SessionToken"]]}),
      flush=True)
sys.stdin.read()
server.stop()
