// The resources of the application dialect as its documents describe them, by hand: what clients were
// written against. `reference.test.ts` compares them with what is served.

export interface ReferenceResource {
  readonly name: string
  readonly versions: string
  /** Path, its methods | parameter of the item, its methods | list parameters. `A` is the account. */
  readonly collections: readonly string[]
  /**
   * A line for each member: path; whether create, update and response have it (`!` required, `+`
   * optional, `-` not); type. Required members of an object are required where it is given.
   */
  readonly fields: string
}

/** A notification is an event that someone should read. */
const EVENT_FIELDS = String.raw`
  name --! str 3-127 /^([a-z]+\.)+[a-z]+$/
  sequenceCount --! num
  summary --! str 3-79
  eventTime --! time
  source --! str 1-19 /^([a-z-])*$/
  resourceID --! uuid
  additionalResourceIDs --! uuid[]
  resourceType --! str 4-79 /^application\/astra-([a-zA-Z])+$/
  correlationID --! uuid
  severity --! enum cleared indeterminate informational warning critical
  class --! enum system user security
  description --! str 3-1023
  descriptionURL --+ str 3-4095
  correctiveAction --+ str 3-1023
  correctiveActionURL --+ str 3-4095
  visibility --+ str 1-63 []
  destinations --+ enum[] notification banner support
  resourceURI --+ str 3-4095
  resourceCollectionURL --+ str 1-1023 []
  resourceMethod --+ enum options post get put delete
  resourceMethodResult --+ str /^[1-5][0-9]{2}$/
  userID --+ uuid
  accountID --+ uuid
  data --+ obj
  data.ttl --+ num
  data.isAcknowledgeable --+ tf
`

export const REFERENCE: readonly ReferenceResource[] = [
  {
    name: 'account',
    versions: '1.0',
    collections: ['/accounts GET POST | account_id GET PUT DELETE | all'],
    fields: `
      name !+! str 1-63
      state -+! enum pending active deletePending
      isEnabled -+! tf
      enabledTimestamp -++ time
      accountContact -++ obj
      accountContact.firstName -+! str 1-63
      accountContact.lastName -+! str 1-63
      accountContact.companyName -++ str 1-63
      accountContact.email -+! str 1-63
      accountContact.phone -++ str 1-31
      accountContact.postalAddress -+! obj
      accountContact.postalAddress.addressCountry -+! str 2-2
      accountContact.postalAddress.addressLocality -+! str 1-63
      accountContact.postalAddress.addressRegion -+! str 1-63
      accountContact.postalAddress.postalCode -+! str 1-31
      accountContact.postalAddress.streetAddress1 -+! str 1-63
      accountContact.postalAddress.streetAddress2 -++ str 1-63
    `,
  },
  {
    name: 'user',
    versions: '1.0 1.1 1.2',
    collections: [
      'A/core/v1/groups/{group_id}/users GET POST | user_id GET PUT DELETE | all',
      'A/core/v1/users GET POST | user_id GET PUT DELETE | all',
    ],
    fields: `
      state -+! enum pending active suspended
      isEnabled -+! tf
      authID +++ str
      authProvider +++ enum cloud-central local ldap
      firstName ++! str 0-63
      lastName ++! str 0-63
      companyName +++ str 1-63
      email !+! str
      phone +++ str
      postalAddress +++ obj
      postalAddress.addressCountry !+! str 2-2
      postalAddress.addressLocality !+! str 1-63
      postalAddress.addressRegion !+! str 1-63
      postalAddress.postalCode !+! str 1-63
      postalAddress.streetAddress1 !+! str 1-63
      postalAddress.streetAddress2 +++ str 1-63
      sendWelcomeEmail ++! tf
      enableTimestamp -++ time
      lastActTimestamp -++ time
    `,
  },
  {
    name: 'token',
    versions: '1.0',
    collections: [
      'A/core/v1/groups/{group_id}/users/{user_id}/tokens GET POST | token_id GET PUT DELETE | all',
      'A/core/v1/users/{user_id}/tokens GET POST | token_id GET PUT DELETE | all',
    ],
    fields: `
      name !+! str 1-63
      userID -+! uuid
    `,
  },
  {
    name: 'roleBinding',
    versions: '1.0 1.1',
    collections: [
      'A/core/v1/groups/{group_id}/roleBindings GET POST | roleBinding_id GET PUT DELETE | all',
      'A/core/v1/groups/{group_id}/users/{user_id}/roleBindings GET POST | roleBinding_id GET PUT DELETE | all',
      'A/core/v1/roleBindings GET POST | roleBinding_id GET PUT DELETE | all',
      'A/core/v1/users/{user_id}/roleBindings GET POST | roleBinding_id GET PUT DELETE | all',
      'A/core/v1/users/{user_id}/groups/{group_id}/roleBindings GET POST | roleBinding_id GET PUT DELETE | all',
    ],
    fields: `
      principalType --! enum user group
      userID ++! uuid
      groupID ++! uuid
      accountID !+! uuid
      role !!! enum viewer member admin owner
      roleConstraints +++ str[]
    `,
  },
  {
    name: 'credential',
    versions: '1.0 1.1',
    collections: [
      'A/core/v1/credentials GET POST | credential_id GET PUT DELETE | continue filter include limit orderBy',
    ],
    fields: `
      name !!! str 1-127
      keyType +++ enum generic passwordHash apikey kubeconfig certificate privkey s3
      valid ++! tf
      validFromTimestamp +++ time
      validUntilTimestamp +++ time
      keyStore !!- obj
    `,
  },
  {
    name: 'bucket',
    versions: '1.0 1.1 1.2',
    collections: ['A/topology/v1/buckets GET POST | bucket_id GET PUT DELETE | none'],
    fields: `
      name ++! str 1-256
      credentialID !+! uuid
      state -+! enum pending available failed removed unknown
      stateDetails -+! stateDetail[]
      retentionTime --+ num
      provider !+! enum ontap-s3 storagegrid-s3 generic-s3 gcp azure aws
      bucketParameters !+! obj
      bucketParameters.s3 +++ obj
      bucketParameters.s3.serverURL !+! str 0-1023
      bucketParameters.s3.bucketName !+! str 0-63
      bucketParameters.gcp +++ obj
      bucketParameters.gcp.bucketName !+! str 0-63
      bucketParameters.azure +++ obj
      bucketParameters.azure.storageAccount !+! str 0-63
      bucketParameters.azure.bucketName !+! str 0-63
    `,
  },
  {
    name: 'cloud',
    versions: '1.0 1.1',
    collections: ['A/topology/v1/clouds GET POST | cloud_id GET PUT DELETE | include limit filter'],
    fields: `
      name !+! str 1-63
      state -+! enum pending discovering provisioning running failed removed unknown
      stateUnready -+! str 1-127 []
      cloudType !+! enum gcp azure aws private
      credentialID +++ uuid
      defaultBucketID +++ uuid
    `,
  },
  {
    name: 'cluster',
    versions: '1.0 1.1 1.2 1.3 1.4 1.5 1.6 1.7',
    collections: [
      'A/topology/v1/clouds/{cloud_id}/clusters GET POST | cluster_id GET PUT DELETE | include limit filter',
      'A/topology/v1/clusters GET | cluster_id GET PUT DELETE | include limit filter',
    ],
    fields: `
      name ++! str 1-63
      state -+! enum pending discovering provisioning running failed removed unknown
      stateUnready -+! str 1-127 []
      managedState -+! enum pending ineligible deleting unmanaged managing managed
      managedStateDetails -++ stateDetail[]
      protectionState -+! enum full partial atRisk
      protectionStateDetails -+! stateDetail[]
      restoreTargetSupported -++ tf
      snapshotSupported -++ tf
      managedStateUnready -+! str 1-127 []
      managedTimestamp -++ time
      tridentVersion -++ swver
      acpVersion -++ swver
      tridentManagedState -++ enum managed unmanaged
      tridentManagedStateDesired -++ enum managed unmanaged
      tridentManagedStateDetails -++ stateDetail[]
      tridentManagedStateAllowed -++ enum[] managed unmanaged
      inUse -+! tf
      accHost +++ enum true
      clusterType ++! enum aks anthos eks gke kubernetes openshift rke tanzu
      clusterVersion -++ str 1-31
      clusterVersionString -++ str 1-31
      clusterCreationTimestamp -++ time
      namespaces -++ str 1-253 []
      defaultStorageClass -++ uuid
      cloudID -+! uuid
      credentialID +++ uuid
      location -++ str 1-63
      isMultizonal -++ tf
      privateRouteID +++ str
      connectorCapabilities +++ enum[] neptuneV1 proxyV1 connectorV2 watcherV1
      apiServiceID -++ uuid
    `,
  },
  {
    name: 'managedCluster',
    versions: '1.0 1.1 1.2 1.3 1.4 1.5 1.6 1.7',
    collections: [
      'A/topology/v1/managedClusters GET POST | managedCluster_id GET PUT DELETE | include limit filter',
    ],
    fields: `
      id !+! uuid
      name -+! str 1-63
      state -+! enum pending discovering provisioning running failed removed unknown deleting
      restoreTargetSupported -++ tf
      snapshotSupported -++ tf
      stateUnready -+! str 1-127 []
      managedState -+! enum pending ineligible deleting unmanaged managing managed
      managedStateDetails -++ stateDetail[]
      protectionState -+! enum full partial atRisk
      protectionStateDetails -+! stateDetail[]
      managedStateUnready -+! str 1-127 []
      managedTimestamp -+! time
      tridentVersion -++ swver
      acpVersion -++ swver
      tridentManagedState -++ enum managed unmanaged
      tridentManagedStateDesired +++ enum managed unmanaged
      tridentManagedStateDetails -++ stateDetail[]
      tridentManagedStateAllowed -++ enum[] managed unmanaged
      inUse -+! tf
      accHost -++ enum true
      clusterType -+! enum aks anthos eks gke kubernetes openshift rke tanzu
      clusterVersion -+! str 1-31
      clusterVersionString -+! str 1-31
      clusterCreationTimestamp -++ time
      namespaces -++ str 1-253 []
      defaultStorageClass +++ uuid
      cloudID -+! uuid
      credentialID -++ uuid
      location -++ str 1-63
      isMultizonal -+! tf
      privateRouteID -++ str 1-255
      apiServiceID -++ uuid
      defaultBucketID +++ uuid
    `,
  },
  {
    name: 'namespace',
    versions: '1.0 1.1 1.2',
    collections: [
      'A/topology/v1/clouds/{cloud_id}/clusters/{cluster_id}/namespaces GET | namespace_id GET | include limit filter',
      'A/topology/v1/clusters/{cluster_id}/namespaces GET | namespace_id GET | include limit filter',
      'A/topology/v1/namespaces GET | namespace_id GET | include limit filter',
      'A/topology/v1/managedClusters/{managedCluster_id}/namespaces GET | namespace_id GET | include limit filter',
    ],
    fields: `
      links --! link[]
      name --! str 1-255
      namespaceState --! enum discovered removed
      namespaceStateDetails --! stateDetail[]
      kubernetesLabels --+ label[]
      kubernetesUID --! str
      clusterID --! uuid
      systemType --+ enum kubernetes netapp openshift rke other
    `,
  },
  {
    name: 'storageClass',
    versions: '1.0 1.1',
    collections: [
      'A/topology/v1/clouds/{cloud_id}/clusters/{cluster_id}/storageClasses GET | storageClass_id GET | include limit',
      'A/topology/v1/clusters/{cluster_id}/storageClasses GET | storageClass_id GET | include limit',
      'A/topology/v1/managedClusters/{managedCluster_id}/storageClasses GET | storageClass_id GET | include limit',
    ],
    fields: `
      name --! str 1-255
      provisioner --! str 1-255
      available --! enum available eligible ineligible
      allowVolumeExpansion --! enum true false unavailable
      reclaimPolicy --! str 1-255
      volumeBindingMode --! str 1-255
      isDefault --+ enum true
      maxSnapshotCount --+ num
      maxBackupCount --+ num
      price --+ str 1-63
      currency --+ str 1-255
      performance --+ num
      resilience --+ enum regional multisite
    `,
  },
  {
    name: 'app',
    versions: '2.0 2.1 2.2',
    collections: [
      'A/topology/v2/managedClusters/{managedCluster_id}/apps GET POST | app_id GET PUT DELETE | include limit filter',
      'A/k8s/v2/apps GET POST | app_id GET PUT DELETE | include limit filter',
    ],
    fields: String.raw`
      links --! link[]
      name !+! dns1123 1-63
      clusterScopedResources +++ obj[]
      clusterScopedResources[].GVK !+! obj
      clusterScopedResources[].GVK.group !+! str
      clusterScopedResources[].GVK.kind !+! str
      clusterScopedResources[].GVK.version !+! str
      clusterScopedResources[].labelSelectors +++ str[]
      namespaceScopedResources ++! obj[]
      namespaceScopedResources[].namespace !+! dns1123 1-253
      namespaceScopedResources[].labelSelectors ++! str[]
      lastResourceCollectionTimestamp -++ time
      state -+! enum pending discovering provisioning ready failed restoring unavailable unknown deleting
      stateTransitions -++ transition[]
      stateDetails -+! stateDetail[]
      protectionState -+! enum atRisk protected partial none
      protectionStateDetails -+! stateDetail[]
      appDetectedType -++ enum system acc
      namespaces -+! str 1-253 []
      namespaceMapping +++ obj[]
      namespaceMapping[].source !+! dns1123 1-253
      namespaceMapping[].destination !+! dns1123 1-253
      storageClassMapping +++ obj[]
      storageClassMapping[].source !+! str 1-63 /^(([a-z0-9]([-a-z0-9]*[a-z0-9])?)|(\*))$/
      storageClassMapping[].destination !+! dns1123 1-63
      clusterName -++ str
      clusterID +++ uuid
      clusterType -++ enum gke aks eks openshift kubernetes
      sourceAppID +++ uuid
      sourceClusterName -++ str
      sourceClusterID +++ uuid
      backupID +++ uuid
      snapshotID +++ uuid
      replicationSourceAppID -++ uuid
      restoreFilter +++ obj
      restoreFilter.resourceSelectionCriteria !!+ enum include exclude
      restoreFilter.GVKN !!+ obj[]
      restoreFilter.GVKN[].group +++ str
      restoreFilter.GVKN[].version +++ str
      restoreFilter.GVKN[].kind +++ str
      restoreFilter.GVKN[].namespaces +++ dns1123 1-63 []
      restoreFilter.GVKN[].names +++ dns1123 1-253 []
      restoreFilter.GVKN[].labelSelectors +++ str[]
    `,
  },
  {
    name: 'appAsset',
    versions: '1.0 1.1',
    collections: [
      'A/topology/v1/appBackups/{appBackup_id}/appAssets GET | appAsset_id GET | include limit',
      'A/topology/v1/managedClusters/{managedCluster_id}/apps/{app_id}/appAssets GET | appAsset_id GET | include limit',
      'A/k8s/v1/apps/{app_id}/appAssets GET | appAsset_id GET | include limit',
      'A/k8s/v1/apps/{app_id}/appBackups/{appBackup_id}/appAssets GET | appAsset_id GET | include limit',
      'A/k8s/v1/apps/{app_id}/appSnaps/{appSnap_id}/appAssets GET | appAsset_id GET | include limit',
    ],
    fields: `
      assetType --! str 1-254
      creationTimestamp --! time
      GVK --! obj
      GVK.group --+ str 1-254
      GVK.kind --+ str 1-254
      GVK.version --+ str 1-254
      resource --+ obj
      assetID --! uuid
      labels --! obj[]
      assetName --! str 1-254
      namespace --+ str 1-254
    `,
  },
  {
    name: 'appBackup',
    versions: '1.0 1.1 1.2',
    collections: [
      'A/topology/v1/appBackups GET | appBackup_id GET DELETE | include limit',
      'A/k8s/v1/apps/{app_id}/appBackups GET POST | appBackup_id GET DELETE | include limit',
    ],
    fields: `
      name +-! dns1123 1-63
      bucketID +-! uuid
      snapshotID +-+ uuid
      scheduleID --+ uuid
      state --! enum pending discovering running completed failed removed unknown deleting
      stateUnready --! str 1-127 []
      stateDetails --+ stateDetail[]
      hookState --+ enum failed success
      hookStateDetails --+ stateDetail[]
      backupCreationTimestamp --+ time
      totalBytes --+ num
      bytesDone --+ num
      percentDone --+ num
    `,
  },
  {
    name: 'appSnap',
    versions: '1.0 1.1 1.2 1.3',
    collections: [
      'A/k8s/v1/apps/{app_id}/appSnaps GET POST | appSnap_id GET DELETE | include limit',
    ],
    fields: `
      name +-! dns1123 1-63
      bucketID +-+ uuid
      scheduleID --+ uuid
      snapshotAppAsset --+ uuid
      state --! enum pending discovering running completed failed removed deleting unknown
      stateUnready --! str 1-127 []
      stateDetails --+ stateDetail[]
      hookState --+ enum failed success
      hookStateDetails --+ stateDetail[]
    `,
  },
  {
    name: 'schedule',
    versions: '1.0 1.1 1.2 1.3',
    collections: [
      'A/k8s/v1/apps/{app_id}/schedules GET POST | schedule_id GET PUT DELETE | include limit',
    ],
    fields: `
      name !+! str 1-63
      enabled ++! tf
      granularity !+! enum hourly daily weekly monthly custom
      minute ++! str /^[0-9]|[1-5][0-9]$/
      hour +++ str /^[0-9]|[1][0-9]|[2][0-3]$/
      dayOfWeek +++ str /^[0-7]$/
      dayOfMonth +++ str /^[1-9]|[1-2][0-9]|[3][0-1]$/
      recurrenceRule +++ str
      snapshotRetention !!! str 1-63 /^(0|([1-9][0-9]*))$/
      backupRetention !!! str 1-63 /^(0|([1-9][0-9]*))$/
      bucketID +++ uuid
      replicate +++ tf
    `,
  },
  {
    name: 'executionHook',
    versions: '1.0 1.1 1.2 1.3',
    collections: [
      'A/core/v1/executionHooks GET POST | executionHook_id GET PUT DELETE | include limit filter',
      'A/k8s/v1/apps/{app_id}/executionHooks GET POST | executionHook_id GET PUT DELETE | include limit filter',
    ],
    fields: `
      name !+! str 1-63
      hookType !+! enum netapp custom
      matchingCriteria ++! obj[]
      matchingCriteria[].type ++! enum containerImage containerName podName podLabel namespaceName
      matchingCriteria[].value ++! str
      matchingContainers --+ obj[]
      matchingContainers[].podName --+ str
      matchingContainers[].podLabels --+ label[]
      matchingContainers[].containerImage --+ str
      matchingContainers[].containerName --+ str
      matchingContainers[].namespaceName --+ str
      matchingImages --+ str 1-255 []
      action !+! enum snapshot backup restore failover
      stage !+! enum pre post
      hookSourceID !+! uuid
      arguments +++ str 0-127 []
      appID !++ uuid
      enabled ++! tf
      description +++ str 0-511
    `,
  },
  {
    name: 'hookSource',
    versions: '1.0',
    collections: [
      'A/core/v1/hookSources GET POST | hookSource_id GET PUT DELETE | include limit filter',
    ],
    fields: `
      name !+! str 1-63
      private -+! tf
      preloaded -+! tf
      sourceType !+! enum script
      source !++ base64 0-131072
      sourceMD5Checksum -+! str /^([0-9a-fA-F]){32}$/
      description +++ str 0-511
    `,
  },
  {
    name: 'executionHookOverride',
    versions: '1.0',
    collections: [
      'A/k8s/v1/apps/{app_id}/executionHookOverrides GET POST | executionHookOverride_id GET PUT DELETE | include limit filter',
    ],
    fields: `
      executionHookID !+! uuid
      enabled !+! tf
      appID -+! uuid
    `,
  },
  {
    name: 'appMirror',
    versions: '1.0 1.1',
    collections: [
      'A/k8s/v1/appMirrors GET POST | appMirror_id GET PUT DELETE | include limit filter',
      'A/k8s/v1/apps/{app_id}/appMirrors GET POST | appMirror_id GET PUT DELETE | include limit filter',
    ],
    fields: `
      sourceAppID !+! uuid
      sourceClusterID -+! uuid
      destinationAppID -++ uuid
      destinationClusterID !+! uuid
      namespaceMapping +++ obj[]
      namespaceMapping[].clusterID +++ uuid
      namespaceMapping[].namespaces +++ dns1123[]
      namespaceMapping[].role +++ enum source destination
      storageClasses +++ obj[]
      storageClasses[].clusterID +++ uuid
      storageClasses[].storageClassName +++ str 1-255
      storageClasses[].role +++ enum source destination
      state -+! enum establishing established failingOver failedOver deleting deleted
      stateTransitions -++ transition[]
      stateDesired !+! enum established failedOver deleted
      stateAllowed -++ enum[] establishing established failingOver failedOver deleting deleted
      stateDetails -+! stateDetail[]
      transferState -++ enum transferring idle
      transferStateTransitions -++ transition[]
      transferStateDetails -++ stateDetail[]
      healthState -+! enum indeterminate normal warning critical
      healthStateTransitions -+! transition[]
      healthStateDetails -+! stateDetail[]
    `,
  },
  {
    name: 'volume',
    versions: '1.0 1.1 1.2',
    collections: [
      'A/topology/v1/managedClusters/{managedCluster_id}/volumes GET | volume_id GET | include limit',
      'A/topology/v1/storageBackends/{storageBackend_id}/volumes GET | volume_id GET | include limit',
      'A/topology/v1/volumes GET | volume_id GET | include limit',
      'A/k8s/v1/apps/{app_id}/volumes GET | volume_id GET | include limit',
    ],
    fields: `
      name --! str 1-255
      state --+ str
      size --+ str
      used --+ num
      usedPercentage --+ num
      total --+ num
      creationToken --+ str 1-255
      snapshotPossible --+ tf
      storageClass --+ str 1-255
      pvcName --+ str 1-255
      internalName --+ str 1-255
      appsUsing --! uuid[]
      storageBackendID --+ uuid
      orchestrator --+ enum trident vasa other
      serviceLevel --+ str
      exportPolicy --+ str
      nodeId --+ uuid
      healthState --+ enum indeterminate normal warning critical
      healthStateDetails --! stateDetail[]
    `,
  },
  {
    name: 'storageBackend',
    versions: '1.0 1.1 1.2 1.3',
    collections: [
      'A/topology/v1/storageBackends GET POST | storageBackend_id GET PUT DELETE | include limit',
    ],
    fields: `
      backendName ++! str 1-63
      backendType !+! enum ontap
      backendVersion ++! str 1-63
      backendCredentialsName ++! str 1-63
      configVersion -++ str 1-63
      state -+! enum discovered running unknown failed
      stateDesired -++ enum running
      stateUnready -+! str 1-127 []
      managedState -+! enum pending unmanaged managed
      managedStateUnready -+! str 1-127 []
      healthState -++ enum indeterminate normal warning critical
      healthStateUnready -++ str 1-127 []
      protectionState -+! enum protected partial none unknown
      protectionStateUnready -+! str 1-127 []
      capabilities --! obj
      capabilities.flexClone --! tf
      capabilities.snapMirror --! tf
      capabilities.s3 --! tf
      ontap -++ obj
      ontap.authenticationStyle --! enum basic certificate
      ontap.backendManagementIP -++ str
      ontap.managementIPs -++ str[]
    `,
  },
  {
    name: 'apiResource',
    versions: '1.0',
    collections: [
      'A/topology/v1/managedClusters/{managedCluster_id}/apiResources GET | apiResource_id GET | include limit',
    ],
    fields: `
      apiVersion --! str
      kind --! str
    `,
  },
  {
    name: 'clusterNode',
    versions: '1.0',
    collections: [
      'A/topology/v1/clouds/{cloud_id}/clusters/{cluster_id}/clusterNodes GET | clusterNode_id GET | include limit',
      'A/topology/v1/clusters/{cluster_id}/clusterNodes GET | clusterNode_id GET | include limit',
      'A/topology/v1/managedClusters/{managedCluster_id}/clusterNodes GET | clusterNode_id GET | include limit',
    ],
    fields: `
      name --! str 1-254
      role --! str 1-254
      labels --! obj[]
      creationTime --! time
      externalIP --! str 1-63
      internalIP --! str 1-63
      zone --! str 1-254
      region --! str 1-254
      instanceType --! str 1-254
      kernelVersion --! str 1-254
      osImage --! str 1-254
      numCpus --! str 1-254
      memory --! str 1-254
      state --! enum running provisioning discovering pending failed unknown
    `,
  },
  {
    name: 'task',
    versions: '1.0 1.1',
    collections: ['A/core/v1/tasks GET | task_id GET | include limit filter'],
    fields: String.raw`
      name --! str 3-127 /^(([a-z])*(\.))*([a-z])+$/
      summary --! str 3-63
      description --! str 1-511
      service --+ str 1-31
      parentTaskID --+ uuid
      userID --+ uuid
      resourceID --! uuid
      resourceURI --! str 3-4095
      resourceCollectionURI --! str 3-4095 []
      state --! enum notStarted running completed pausing paused cancelling cancelled failed
      stateTransitions --! transition[]
      stateDetails --! stateDetail[]
      orderHint --+ num
      percentDone --+ num
      startTime --+ time
      endTime --+ time
      cancelTime --+ time
    `,
  },
  {
    name: 'event',
    versions: '1.0 1.1 1.2 1.3 1.4',
    collections: ['A/core/v1/events GET | event_id GET | all'],
    fields: EVENT_FIELDS,
  },
  {
    name: 'notification',
    versions: '1.0 1.1 1.2 1.3',
    collections: ['A/core/v1/notifications GET | notification_id GET | all'],
    fields: EVENT_FIELDS,
  },
  {
    name: 'unreadNotification',
    versions: '1.0',
    collections: [
      'A/core/v1/groups/{group_id}/users/{user_id}/unreadNotifications GET | unreadNotification_id GET DELETE | all',
      'A/core/v1/users/{user_id}/unreadNotifications GET | unreadNotification_id GET DELETE | all',
    ],
    fields: `
      notificationID --! uuid
      sequenceCount --! num
      severity --! enum cleared indeterminate informational warning critical
    `,
  },
  {
    name: 'setting',
    versions: '1.0 1.1',
    collections: [
      'A/core/v1/settings GET | setting_id GET PUT | include limit filter count orderBy skip',
    ],
    fields: `
      name -+! str 1-63
      currentConfig -+! obj
      desiredConfig -++ obj
      configSchema -+! obj
      state -+! enum valid pending error
      stateUnready -+! str 1-127 []
    `,
  },
  {
    name: 'feature',
    versions: '1.0 1.1',
    collections: [
      'A/core/v1/features GET | feature_id GET | include limit filter count orderBy skip',
    ],
    fields: `
      name --! str 1-63
      isEnabled --! tf
    `,
  },
  {
    name: 'group',
    versions: '1.0 1.1',
    collections: [
      'A/core/v1/groups GET POST | group_id GET PUT DELETE | all',
      'A/core/v1/users/{user_id}/groups GET POST | group_id GET PUT DELETE | all',
    ],
    fields: `
      name ++! str 1-2048
      authProvider !+! enum ldap
      authID !+! str 1-2048
    `,
  },
]
