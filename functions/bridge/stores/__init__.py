"""What the bridge remembers, in DynamoDB, SQS and Secrets Manager: one file per aggregate."""
